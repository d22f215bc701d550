"""Where the processing elements of a design are on LFE5U-85F.

Elements are rectangles as high as a band of logic tiles: a row of the array takes a band, a column of it a
column of rectangles. Columns of tiles between them stay free for what belongs to a column: its drain takes
totals from each of its elements. Several grids stand side by side, all of it in the middle of the device.
With more rows than bands the columns follow each other, each from the band on where the one before it ended.

    band      4x4
    11..21
    23..33    e.e.e.e.    row 0
    35..45    e.e.e.e.    row 1
    47..57    e.e.e.e.    row 2
    59..69    e.e.e.e.    row 3
    71..81
    83..93
"""

import math
import re
from collections.abc import Iterable

from gen.synth.logic_tiles import LFE5U_85_TILES
from gen.synth.macro import HEIGHT

__all__ = ["NoFloorplanError", "floorplan"]

_ELEMENT = re.compile(r"(.*)pe_(\d+)_(\d+)")
"""Name of an element's instance: the grid, row and column."""

GAP = 8
"""Most columns of tiles between two columns of elements."""

_DEVICE = "LFE5U-85F"

_BANDS = tuple(band for band in LFE5U_85_TILES.bands if len(band) == HEIGHT)


class NoFloorplanError(ValueError):
    """Elements that cannot be placed as macros; the message, a part of a line, says why."""


def floorplan(instances: Iterable[str], *, width: int) -> dict[str, tuple[int, int]]:
    """X and Y of the upper left tile of each element.

    Parameters
    ----------
    instances:
        Names of the elements' instances.
    width:
        Columns of tiles of an element.

    Raises ``NoFloorplanError`` if they do not fit.
    """
    elements = {name: _ELEMENT.fullmatch(name) for name in instances}
    if unknown := [name for name, match in elements.items() if not match]:
        raise NoFloorplanError(f"{unknown[0]} has no place in a grid")
    places = {name: (match[1], int(match[2]), int(match[3])) for name, match in elements.items() if match}
    grids = sorted({grid for grid, _, _ in places.values()})
    rows = 1 + max(row for _, row, _ in places.values())
    cols = 1 + max(column for _, _, column in places.values())
    height = min(rows, len(_BANDS))
    y, x = _bands(height), _columns(math.ceil(len(grids) * cols * rows / height), width)

    def place(grid: str, row: int, column: int) -> tuple[int, int]:
        along, down = divmod((grids.index(grid) * cols + column) * rows + row, height)
        return x[along], y[down]

    return {name: place(*where) for name, where in places.items()}


def _bands(rows: int) -> list[int]:
    """Y of each of ``rows`` rectangles above each other."""
    first = (len(_BANDS) - rows) // 2
    return [band.start for band in _BANDS[first : first + rows]]


def _columns(cols: int, width: int) -> list[int]:
    """X of each of ``cols`` rectangles beside each other."""
    tiles = LFE5U_85_TILES.columns
    if cols * width > len(tiles):
        most = len(tiles) // width
        raise NoFloorplanError(f"{cols} columns of elements, and {_DEVICE} has room for {most}")
    pitch = min(width + GAP, len(tiles) // cols)
    first = tiles.start + (len(tiles) - cols * pitch) // 2
    return [first + column * pitch for column in range(cols)]
