"""Matrices in the memory that the engine and the host share."""

import numpy as np
from numpy.typing import NDArray

from golden import Format, Tensor
from golden.engine import INDEX_BYTES, MemoryFormat
from mixdit.driver import arguments
from mixdit.driver.allocator import Allocator, Piece
from mixdit.driver.engine import Engine
from mixdit.driver.matrix import DeviceMatrix, DevicePermutation, Layout
from mixdit.driver.port import Port
from mixdit.driver.transfer import layout_of, rows_of, value_of

OutFormat = Format | MemoryFormat
"""One of ``golden.formats.STREAM_FORMATS``, ``golden.MX6`` say, or of ``golden.engine.RESULT_FORMATS``."""


class EngineMemory(Engine):
    """An engine whose jobs work on matrices that this object keeps in the port's memory.

    Parameters
    ----------
    port, timeout:
        As for `Engine`. The port's memory belongs to this object.

    Raises
    ------
    TypeError, ValueError
        As `Engine`.
    """

    def __init__(self, port: Port, timeout: float = 60.0) -> None:
        super().__init__(port, timeout)
        self._allocator = Allocator(port.memory)
        # What was given back while a job that uses it had not been seen to end.
        self._returned: list[Piece] = []

    def store(self, value: Tensor | NDArray[np.float32]) -> DeviceMatrix:
        """Copy a matrix to memory: a golden tensor, or float32 ``[rows, columns]``."""
        matrix = self._place(layout_of("value", value, floats=True))
        try:
            self._write_rows(matrix, value)
        except BaseException:
            self.free(matrix)
            raise
        return matrix

    def store_permutation(self, permutation: NDArray[np.integer]) -> DevicePermutation:
        """Copy a permutation to memory, for `reorder`: ``[N]``, each of 0 to N - 1 once."""
        order = arguments.order("permutation", permutation)
        if order.size > self.parameters.reorder_columns:
            most = self.parameters.reorder_columns
            raise ValueError(
                f"permutation must have at most {most} elements on this engine, not {order.size}"
            )
        indices = order.astype(f"<u{INDEX_BYTES}").view(np.uint8)
        stored = DevicePermutation(length=order.size, piece=self._allocate(indices.size))
        try:
            self.port.write_memory(stored.piece.address, indices)
        except BaseException:
            self.free(stored)
            raise
        return stored

    def empty(self, shape: tuple[int, int], out_format: OutFormat, mx9_blocks: int = 0) -> DeviceMatrix:
        """Room for a result, whose content is undefined until a job writes it."""
        return self._place(result_layout(shape, out_format, mx9_blocks))

    def load(self, matrix: DeviceMatrix) -> Tensor | NDArray[np.float32]:
        """Copy a matrix from memory after the jobs that use it: a golden tensor, or float32 for floats."""
        self._mine("matrix", matrix)
        self._settle()
        self._wait(matrix.piece.job)
        data = self.port.read_memory(matrix.address, matrix.size)
        padded = np.zeros(matrix.shape[0] * matrix.pitch, np.uint8)
        padded[: matrix.size] = data
        rows = padded.reshape(matrix.shape[0], matrix.pitch)[:, : matrix.row_bytes].copy()
        return value_of(rows, matrix)

    def free(self, matrix: DeviceMatrix | DevicePermutation) -> None:
        """Give back what `store`, `store_permutation` or `empty` gave.

        A matrix that a job still uses may be given back: its memory waits for the end of that job.
        """
        if isinstance(matrix, DevicePermutation):
            self._check_permutation("matrix", matrix)
        elif self._mine("matrix", matrix).address != matrix.piece.address or matrix.size != matrix.piece.size:
            raise ValueError(f"matrix must be what store or empty gave, not some of its rows: {matrix}")
        self._give_back(matrix.piece)

    @property
    def available(self) -> int:
        """Bytes of memory that are free, not all of them in one piece."""
        self._collect()
        return self._allocator.available

    def _mine(self, name: str, matrix: object) -> DeviceMatrix:
        """The argument, if it is a matrix that this object gave and has not got back."""
        if not isinstance(matrix, DeviceMatrix):
            what = arguments.kind(matrix)
            raise TypeError(f"{name} must be a matrix in memory, from store or empty, not {what}")
        self._check_piece(name, matrix.piece)
        return matrix

    def _check_permutation(self, name: str, value: object) -> None:
        if not isinstance(value, DevicePermutation):
            raise TypeError(f"{name} must be what store_permutation gave, not {arguments.kind(value)}")
        self._check_piece(name, value.piece)

    def _check_piece(self, name: str, piece: Piece) -> None:
        if piece.returned:
            raise ValueError(f"{name} was freed: its memory at {piece.address:#x} is no longer its own")
        if not self._allocator.holds(piece):
            raise ValueError(f"{name} must be from this object, not from another one's memory")

    def _place(self, layout: Layout) -> DeviceMatrix:
        pitch = layout.aligned_row_bytes
        piece = self._allocate((layout.shape[0] - 1) * pitch + layout.row_bytes)
        return DeviceMatrix(
            format=layout.format,
            shape=layout.shape,
            mx9_blocks=layout.mx9_blocks,
            address=piece.address,
            pitch=pitch,
            piece=piece,
        )

    def _allocate(self, size: int) -> Piece:
        self._collect()
        try:
            return self._allocator.allocate(size)
        except MemoryError:
            if not self._returned:
                raise
        self._settle()
        self._wait(max(piece.job for piece in self._returned))
        self._collect()
        return self._allocator.allocate(size)

    def _collect(self) -> None:
        """Take back the memory whose jobs have ended."""
        if self._returned:
            self._settle()
        for piece in list(self._returned):
            if self._has_ended(piece.job):
                self._take_back(piece)

    def _give_back(self, piece: Piece) -> None:
        piece.returned = True
        self._returned.append(piece)
        if self._counted and piece.job <= self._ended:
            self._take_back(piece)

    def _take_back(self, piece: Piece) -> None:
        if self._allocator.holds(piece):  # not if Ctrl-C came between these lines before
            self._allocator.free(piece)
        self._returned.remove(piece)

    def _write_rows(self, matrix: DeviceMatrix, value: Tensor | NDArray[np.float32]) -> None:
        padded = np.zeros((matrix.shape[0], matrix.pitch), np.uint8)
        padded[:, : matrix.row_bytes] = rows_of(value)
        self.port.write_memory(matrix.address, padded.reshape(-1)[: matrix.size])


def result_layout(shape: object, out_format: object, mx9_blocks: object) -> Layout:
    """Layout of a result; raises ``TypeError`` or ``ValueError`` for one that no job can write."""
    fmt = arguments.result_format("out_format", out_format)
    rows, columns = arguments.matrix_shape("shape", shape)
    blocks = arguments.leading_blocks("mx9_blocks", mx9_blocks, fmt, columns)
    return Layout(format=fmt, shape=(rows, columns), mx9_blocks=blocks)
