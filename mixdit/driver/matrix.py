"""Matrices in memory that the engine and the host share."""

from dataclasses import dataclass, field, replace

from golden.engine import MemoryFormat, row_bytes
from golden.formats import BLOCK_SIZE
from mixdit.driver import arguments
from mixdit.driver.allocator import Piece


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a matrix is, wherever it lies.

    Parameters
    ----------
    format:
        What its rows hold.
    shape:
        Rows and columns; blocks run along columns.
    mx9_blocks:
        Blocks at the start of each row that are MX9, where ``format`` is MX4 or MX6.

    Raises
    ------
    TypeError, ValueError
        A parameter of another kind, or out of its range.
    """

    format: MemoryFormat
    shape: tuple[int, int]
    mx9_blocks: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.format, MemoryFormat):
            raise TypeError(f"format must be a MemoryFormat, not {arguments.kind(self.format)}")
        shape = arguments.matrix_shape("shape", self.shape)
        object.__setattr__(self, "shape", shape)
        blocks = arguments.leading_blocks("mx9_blocks", self.mx9_blocks, self.format, shape[1])
        object.__setattr__(self, "mx9_blocks", blocks)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return row_bytes(self.format, self.shape[1], self.mx9_blocks)

    @property
    def aligned_row_bytes(self) -> int:
        """The least pitch."""
        return -(-self.row_bytes // self.format.alignment) * self.format.alignment


@dataclass(frozen=True, kw_only=True)
class DeviceMatrix(Layout):
    """Where a matrix lies, and how: what `Gemm.store` and `Gemm.empty` give.

    Parameters
    ----------
    address, pitch:
        Address of its first row, and bytes from row to row.
    piece:
        The memory that was handed out for it, or for the matrix that it is a part of.

    Raises
    ------
    TypeError, ValueError
        As `Layout`; or rows that lie on each other, or outside ``piece``.
    """

    address: int
    pitch: int
    piece: Piece = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.piece, Piece):
            raise TypeError(f"piece must be memory that was handed out, not {arguments.kind(self.piece)}")
        arguments.integer("pitch", self.pitch, self.aligned_row_bytes)
        arguments.integer("address", self.address, self.piece.address, self.piece.stop - 1)
        if self.address + self.size > self.piece.stop:
            raise ValueError(
                f"a matrix must lie in its piece of memory, which ends at {self.piece.stop:#x},"
                f" not at {self.address + self.size:#x}"
            )

    @property
    def size(self) -> int:
        """Bytes from the first row's first to the last row's last."""
        return (self.shape[0] - 1) * self.pitch + self.row_bytes

    def rows(self, start: int, stop: int) -> "DeviceMatrix":
        """Its rows ``start`` to ``stop``, in place."""
        start = arguments.integer("start", start, 0, self.shape[0] - 1)
        stop = arguments.integer("stop", stop, start + 1, self.shape[0])
        return replace(self, address=self.address + start * self.pitch, shape=(stop - start, self.shape[1]))

    def every(self, start: int, step: int) -> "DeviceMatrix":
        """Its rows ``start``, ``start + step`` and so on, in place."""
        start = arguments.integer("start", start, 0, self.shape[0] - 1)
        step = arguments.integer("step", step, 1)
        return replace(
            self,
            address=self.address + start * self.pitch,
            pitch=self.pitch * step,
            shape=(-(-(self.shape[0] - start) // step), self.shape[1]),
        )

    def columns(self, start: int, stop: int) -> "DeviceMatrix":
        """Its columns ``start``, the first one of a block, to ``stop``, in place.

        Jobs take whole blocks: a product counts what lies behind ``stop`` up to the block's end, and a job
        that writes there leaves zeros.
        """
        start = arguments.integer("start", start, 0, self.shape[1] - 1)
        stop = arguments.integer("stop", stop, start + 1, self.shape[1])
        unit = self.format.unit_elements
        if start % unit:
            raise ValueError(f"start must be a multiple of {unit}, the elements of a block, not {start}")
        leading = min(self.mx9_blocks, start // BLOCK_SIZE)
        inside = min(self.mx9_blocks - leading, -(-(stop - start) // BLOCK_SIZE))
        return replace(
            self,
            address=self.address + row_bytes(self.format, start, leading),
            shape=(self.shape[0], stop - start),
            mx9_blocks=inside,
        )

    def as_column(self) -> "DeviceMatrix":
        """A row of floats as a column, in place, such as a gate by row that is a part of a row of vectors."""
        if self.shape[0] != 1 or self.format.block_format is not None:
            raise ValueError(f"a column must be a single row of floats in memory, not {self}")
        return replace(self, pitch=self.format.unit_bytes, shape=(self.shape[1], 1))


@dataclass(frozen=True, kw_only=True)
class DevicePermutation:
    """A permutation in memory: what `Gemm.store_permutation` gives, and `Gemm.reorder` takes.

    Parameters
    ----------
    length:
        How many elements it permutes.
    piece:
        Where it lies: ``length`` indices of 2 bytes each.
    """

    length: int
    piece: Piece = field(repr=False, compare=False)
