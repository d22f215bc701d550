"""Matrices in memory that the engine and the host share."""

from dataclasses import dataclass, replace

from golden.engine import MemoryFormat, row_bytes


@dataclass(frozen=True, kw_only=True)
class DeviceMatrix:
    """Where a matrix lies, and how.

    Parameters
    ----------
    address, pitch:
        Address of its first row, and bytes from row to row.
    format:
        What its rows hold.
    shape:
        Rows and columns; blocks run along columns.
    mx9_blocks:
        Blocks at the start of each row that are MX9, where ``format`` is MX4 or MX6.
    """

    address: int
    pitch: int
    format: MemoryFormat
    shape: tuple[int, int]
    mx9_blocks: int = 0

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return row_bytes(self.format, self.shape[1], self.mx9_blocks)

    @property
    def size(self) -> int:
        """Bytes from the first row's first to the last row's last."""
        return (self.shape[0] - 1) * self.pitch + self.row_bytes

    def rows(self, start: int, stop: int) -> "DeviceMatrix":
        """Its rows ``start`` to ``stop``, in place."""
        if not 0 <= start < stop <= self.shape[0]:
            raise ValueError(f"rows must be within 0 to {self.shape[0]}, not {start} to {stop}")
        return replace(self, address=self.address + start * self.pitch, shape=(stop - start, self.shape[1]))
