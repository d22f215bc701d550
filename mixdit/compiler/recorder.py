"""A driver that notes jobs and constants instead of running anything."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import MX4, Tensor, quantize
from golden.engine import ENTRY_BYTES, Descriptor, EngineParameters, MemoryFormat
from mixdit.compiler.job_order import overlapping
from mixdit.compiler.program import CONDITION, TOKENS, Constant, Job, NamedMatrix, Program
from mixdit.driver import DeviceMatrix, DevicePermutation, Gemm, ModelPort
from mixdit.driver.descriptor_check import check_descriptor
from mixdit.driver.memory import OutFormat

__all__ = ["Recorder"]

Value = Tensor | NDArray[np.float32]

_ORIGIN, _MOST_BYTES = 0x10000, 1 << 30
"""Where a program lies, and how large it may be, if nobody says."""


class Recorder(Gemm):
    """`Gemm` whose calls become a `Program`: every job is checked, and none is run.

    Parameters
    ----------
    parameters:
        The engine that is to run the program.
    memory:
        Addresses that it may use.
    """

    def __init__(self, parameters: EngineParameters, memory: range) -> None:
        super().__init__(ModelPort(parameters, size=len(memory), origin=memory.start))
        self._name = ""
        self._of_head: tuple[int, int] | None = None
        self._jobs: list[Job] = []
        self._constants: dict[int, tuple[str, int]] = {}
        self._matrices: list[tuple[str, DeviceMatrix]] = []

    @classmethod
    def for_blocks(cls, parameters: EngineParameters, longest_row: int, memory: range | None) -> "Recorder":
        """For jobs of blocks; without ``memory`` in 1 GiB from 0x10000 on, or what the engine reaches of it.

        Raises ``ValueError`` for an engine without functions, or whose rows are shorter than ``longest_row``.
        """
        if parameters.function_lanes == 0 or parameters.reorder_columns < longest_row:
            raise ValueError(
                "the engine must have function_lanes, and reorder_columns of at least the width"
                f" {longest_row}, not {parameters.function_lanes} and {parameters.reorder_columns}"
            )
        if memory is None:
            memory = range(_ORIGIN, min(_ORIGIN + _MOST_BYTES, 1 << parameters.address_bits))
        return cls(parameters, memory)

    def named(self, name: str, of_head: tuple[int, int] | None = None) -> "Recorder":
        """Give the next job a name, and the sample and head that it is of if it is of one alone.

        So: ``recorder.named("scores").product(...)``.
        """
        self._name, self._of_head = name, of_head
        return self

    def submit(self, descriptor: Descriptor) -> int:
        """Note a job; raises as ``Engine.submit`` for one that the engine would refuse."""
        d = check_descriptor(descriptor, self.parameters, self.port.memory)
        self._jobs.append(Job(self._name, d, self._of_head))
        return len(self._jobs)

    def room(self, name: str, shape: tuple[int, int], fmt: OutFormat, mx9_blocks: int = 0) -> DeviceMatrix:
        """Room for what jobs make: that of an earlier call of the same name and layout, or new."""
        code = fmt if isinstance(fmt, MemoryFormat) else MemoryFormat.of(fmt)
        for known, matrix in self._matrices:
            if known == name and (matrix.shape, matrix.format, matrix.mx9_blocks) == (
                shape,
                code,
                mx9_blocks,
            ):
                return matrix
        self._matrices.append((name, self.empty(shape, code, mx9_blocks)))
        return self._matrices[-1][1]

    def constant(self, name: str, value: Value) -> DeviceMatrix:
        """A matrix that is in memory before the first job."""
        matrix = self.store(value)
        self._matrices.append((name, matrix))
        self._constants[matrix.address] = name, matrix.size
        return matrix

    def zeros(self, rows: int) -> DeviceMatrix:
        """A column of so many zeros, the same in all calls: for products that give nothing but their bias."""
        name = f"{rows} zeros"
        for known, matrix in self._matrices:
            if known == name:
                return matrix
        return self.constant(name, quantize(np.zeros((rows, 1), np.float32), MX4))

    def fill(self, name: str, matrix: DeviceMatrix, value: Value) -> None:
        """Make part of a room such a constant: no job writes there."""
        self._write_rows(matrix, value)
        self._constants[matrix.address] = name, matrix.size

    def permutation(self, name: str, order: NDArray[np.intp] | None) -> DevicePermutation | None:
        """A permutation that is in memory before the first job; None for none."""
        if order is None:
            return None
        stored = self.store_permutation(order)
        self._constants[stored.piece.address] = name, stored.piece.size
        return stored

    def program(
        self,
        samples: int,
        inputs: tuple[str, ...] = (TOKENS, CONDITION),
        outputs: tuple[str, ...] = (TOKENS,),
    ) -> Program:
        """What was recorded, for so many samples; the jobs' list goes behind everything else.

        Jobs that do not touch the same memory may be in another order, see `overlapping`.
        """
        jobs = overlapping(self._jobs, self.parameters)
        matrices = sorted(self._matrices, key=lambda named: named[1].address)
        constants = tuple(
            Constant(name, address, self.port.read_memory(address, size))
            for address, (name, size) in sorted(self._constants.items())
        )
        listed = self.store_list([job.descriptor for job in jobs])
        return Program(
            parameters=self.parameters,
            samples=samples,
            jobs=tuple(jobs),
            constants=constants,
            matrices=tuple(NamedMatrix(**_fields(name, matrix)) for name, matrix in matrices),
            memory=range(self.port.memory.start, listed.address + len(listed) * ENTRY_BYTES),
            list_address=listed.address,
            inputs=inputs,
            outputs=outputs,
        )


def _fields(name: str, matrix: DeviceMatrix) -> dict[str, Any]:
    kept = ("format", "shape", "mx9_blocks", "address", "pitch")
    return {"name": name, **{field: getattr(matrix, field) for field in kept}}
