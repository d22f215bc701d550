"""What it would take if results left as floats, and a further job made blocks of them."""

from dataclasses import replace

from golden.engine import ENTRY_BYTES, FLOAT_BYTES, QUANTIZED_FORMATS, Descriptor, MemoryFormat, Operation
from mixdit.compiler.program import Job, Program

__all__ = ["with_row_conversion"]

_ALIGNMENT = 64


def with_row_conversion(program: Program) -> Program:
    """A program whose products write no blocks: rows are read again, and written in their format.

    Results too wide for the unit that takes rows stay as they are.
    """
    widest = program.parameters.reorder_columns
    converted = [job.descriptor for job in program.jobs if _converts(job.descriptor, widest)]
    room = max((d.m * _pitch(d) for d in converted), default=0)
    jobs = []
    for n, job in enumerate(program.jobs):
        d = job.descriptor
        if not _converts(d, widest):
            jobs.append(job)
            continue
        place = program.memory.stop + n % 2 * room  # so that no job waits for the room of the one before
        floats = replace(d, d_format=int(MemoryFormat.BINARY32), d_mx9_blocks=0)
        jobs.append(replace(job, descriptor=replace(floats, d_address=place, d_pitch=_pitch(d))))
        jobs.append(
            Job(
                f"{job.name}, in blocks",
                Descriptor(
                    operation=int(Operation.REORDER),
                    m=d.m,
                    n=d.n,
                    a_format=int(MemoryFormat.BINARY32),
                    a_address=place,
                    a_pitch=_pitch(d),
                    d_format=d.d_format,
                    d_mx9_blocks=d.d_mx9_blocks,
                    d_address=d.d_address,
                    d_pitch=d.d_pitch,
                ),
            )
        )
    listed = program.memory.stop + 2 * room
    memory = range(program.memory.start, listed + ENTRY_BYTES * len(jobs))
    return replace(program, jobs=tuple(jobs), list_address=listed, memory=memory)


def _converts(d: Descriptor, widest: int) -> bool:
    return d.operation == Operation.PRODUCT and d.d_format in QUANTIZED_FORMATS and d.n <= widest


def _pitch(d: Descriptor) -> int:
    return -(-FLOAT_BYTES * d.n // _ALIGNMENT) * _ALIGNMENT
