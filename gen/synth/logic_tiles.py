"""Where the logic tiles of ECP5 devices are: in bands of rows, with block memories or multipliers between.

A logic tile has four slices of two look-up tables (TRELLIS_COMB) and two flip-flops each. Places are those of
nextpnr: X is the column, Y the row from the top.
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LFE5U_25_TILES", "LFE5U_85_TILES", "TILE_CELLS", "LogicTiles", "bels"]

TILE_CELLS = 8
"""Look-up tables in a logic tile, and flip-flops."""


@dataclass(frozen=True, kw_only=True)
class LogicTiles:
    """The logic tiles of a device.

    Parameters
    ----------
    columns:
        X of all of them.
    bands:
        Y of each band, from the top.
    """

    columns: range
    bands: tuple[range, ...]

    def tiles(self) -> Iterator[tuple[int, int]]:
        """X and Y of every logic tile."""
        return ((x, y) for band in self.bands for y in band for x in self.columns)


def _bands(rows: range, between: range) -> tuple[range, ...]:
    """Bands of the logic rows ``rows``, with the rows in ``between`` left out."""
    starts = (rows.start, *(row + 1 for row in between))
    ends = (*between, rows.stop)
    return tuple(range(start, end) for start, end in zip(starts, ends, strict=True))


# From Project Trellis' tile grids, which nextpnr's package has.
LFE5U_25_TILES = LogicTiles(columns=range(2, 71), bands=_bands(range(2, 49), range(13, 49, 12)))
LFE5U_85_TILES = LogicTiles(columns=range(2, 125), bands=_bands(range(2, 94), range(10, 94, 12)))


def bels(x: int, y: int) -> Iterator[tuple[str, str]]:
    """Type and name of every cell of the logic tile at ``x``, ``y``."""
    for place in range(TILE_CELLS):
        slice_, half = "ABCD"[place // 2], place % 2
        yield "TRELLIS_COMB", f"X{x}/Y{y}/SLICE{slice_}.K{half}"
        yield "TRELLIS_FF", f"X{x}/Y{y}/SLICE{slice_}.FF{half}"
