"""A program on an engine: the host writes tokens and condition, rings the doorbell, and reads tokens."""

import numpy as np
from numpy.typing import NDArray

from golden.engine import MemoryFormat, floats_from_rows, floats_to_rows
from mixdit.compiler.program import CONDITION, TOKENS, NamedMatrix, Program
from mixdit.driver import arguments
from mixdit.driver.engine import Engine
from mixdit.driver.port import Port

__all__ = ["ProgramRunner"]


class ProgramRunner:
    """An engine with a program in its memory.

    Parameters
    ----------
    program:
        What to run; its constants are written at once.
    port, timeout:
        As for ``mixdit.driver.Engine``. The program's addresses belong to this object.

    Attributes
    ----------
    engine:
        The engine behind the port.

    Raises
    ------
    ValueError
        An engine that the program was not made for: jobs that it refuses, or addresses outside its memory.
    """

    def __init__(self, program: Program, port: Port, timeout: float = 60.0) -> None:
        self.program, self.engine = program, Engine(port, timeout)
        needed, there = program.memory, port.memory
        if needed.start < there.start or needed.stop > there.stop:
            raise ValueError(
                f"the program takes {needed.start:#x} to {needed.stop - 1:#x}, but the port's memory is"
                f" {there.start:#x} to {there.stop - 1:#x}"
            )
        port.write_memory(needed.start, program.image())

    def __call__(
        self, tokens: NDArray[np.float32], condition: NDArray[np.float32], **others: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Tokens behind the blocks; `values` gives what else comes out of them.

        Parameters
        ----------
        tokens:
            float32 ``[samples * tokens, width]``.
        condition:
            float32 ``[samples, width]``, or as the program's matrix.
        others:
            The program's other inputs by name: float32 ``context`` ``[samples * context_tokens, width]``,
            ``mask`` ``[samples, context_tokens]``, 0 for a token and minus infinity for none.

        Returns
        -------
        NDArray[np.float32]
            Of the shape of ``tokens``.

        Raises
        ------
        TypeError, ValueError
            Arrays of another kind or shape.
        EngineError, EngineTimeoutError
            As ``Engine.wait``.
        """
        given = {TOKENS: tokens, CONDITION: condition, **others}
        if set(given) != set(self.program.inputs):
            raise ValueError(f"the program takes {', '.join(self.program.inputs)}, not {', '.join(given)}")
        checked = [
            (matrix, arguments.float32_array(name, value, matrix.shape))
            for name, value in given.items()
            for matrix in [self.program.matrix(name)]
        ]
        for matrix, value in checked:
            rows = floats_to_rows(np.ascontiguousarray(value), MemoryFormat.BINARY32)
            self.engine.port.write_memory(matrix.address, rows.reshape(-1))
        self.engine.wait(self.engine.submit_list(self.program.list_address, len(self.program.jobs)))
        return self.values(TOKENS)

    def values(self, name: str) -> NDArray[np.float32]:
        """What one of the program's matrices of floats holds: float32 ``[rows, columns]``."""
        return floats_from_rows(self.rows(self.program.matrix(name)), MemoryFormat.BINARY32)

    def rows(self, matrix: NamedMatrix) -> NDArray[np.uint8]:
        """What a matrix holds: uint8 ``[rows, row_bytes]``."""
        padded = np.zeros(matrix.shape[0] * matrix.pitch, np.uint8)
        padded[: matrix.size] = self.engine.port.read_memory(matrix.address, matrix.size)
        return padded.reshape(matrix.shape[0], matrix.pitch)[:, : matrix.row_bytes].copy()
