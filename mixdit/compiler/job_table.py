"""What a program does, as a table."""

from collections.abc import Iterator

from rich.table import Table

from golden.engine import Descriptor, Function, MemoryFormat, Norm, Operation, regions
from mixdit.compiler.program import Job, Program

__all__ = ["job_table", "matrix_table"]


def job_table(program: Program) -> Table:
    """Every job: what it is for, its sizes, formats and what it does to results."""
    table = Table("job", "for", "M", "N", "K", "A", "B", "D", "does", "bytes")
    for n, job in enumerate(program.jobs, 1):
        table.add_row(str(n), *_cells(job))
    return table


def matrix_table(program: Program) -> Table:
    """Every matrix, by address."""
    table = Table("address", "bytes", "matrix", "shape", "format")
    for m in program.matrices:
        shape = " x ".join(map(str, m.shape))
        table.add_row(f"{m.address:#x}", f"{m.size:,}", m.name, shape, _format(m.format, m.mx9_blocks))
    return table


def _cells(job: Job) -> Iterator[str]:
    d = job.descriptor
    product = d.operation == Operation.PRODUCT
    yield job.name
    yield from (str(d.m), str(d.n), str(d.k) if product else "")
    yield _format(MemoryFormat(d.a_format), d.a_mx9_blocks)
    yield _format(MemoryFormat(d.b_format), d.b_mx9_blocks) if product else ""
    yield _format(MemoryFormat(d.d_format), d.d_mx9_blocks)
    yield ", ".join(_steps(d))
    yield f"{sum(region.rows * region.row_bytes for region in regions(d).values()):,}"


def _steps(d: Descriptor) -> Iterator[str]:
    """What happens to results on their way to memory, in this order."""
    if d.operation == Operation.REORDER:
        if d.norm:
            yield "exponentials" if d.norm == Norm.EXPONENTIAL else "norm"
        if d.divide:
            yield "division"
        if d.permute:
            yield "order"
        if d.gate:
            yield "scale"
        if d.bias:
            yield "shift"
        return
    if d.scale:
        yield "scale"
    if d.bias:
        yield "bias"
    if d.function:
        yield Function(d.function).name
    if d.gate:
        yield "gate by row" if d.gate_by_row else "gate"
    if d.accumulate:
        yield "old D"


def _format(code: MemoryFormat, mx9_blocks: int) -> str:
    return f"{mx9_blocks} MX9, {code.name}" if mx9_blocks else code.name
