"""Rows of D on their way to memory: parts of them, and fragments."""

from amaranth.lib import data

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.block.layouts import FormatCode

__all__ = ["fragment_layout", "result_part_layout", "row_place_layout"]


def row_place_layout(*, rows, address_bits) -> data.StructLayout:
    """Where 16 columns of a row go: to ``address``, ``row`` being the number of the row in its tile.

    ``begins`` and ``ends`` are those of the tile's command, ``last`` marks the tile's last row.
    """
    return data.StructLayout(
        {"address": address_bits, "row": range(max(2, rows)), "begins": 1, "ends": 1, "last": 1}
    )


def fragment_layout(*, rows, words, address_bits) -> data.StructLayout:
    """``bytes`` bytes (even, not 0) of ``data``, lowest first, for memory from ``place.address`` on.

    A fragment is what 16 columns of a row make, or a part of it: ``last`` marks the last one of a tile.
    ``place.begins`` and ``place.ends`` are those of a run.
    """
    return data.StructLayout(
        {
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "bytes": range(4 * words + 1),
            "last": 1,
            "data": 32 * words,
        }
    )


def result_part_layout(*, rows, words, address_bits) -> data.StructLayout:
    """``words`` columns of 16 of a row of D: number ``part`` of them, of which the first ``columns`` exist.

    ``final`` says that no column behind them exists, though more parts follow. ``place`` is that of the 16
    columns. ``code`` is the format of the block that they make, where blocks are made.
    """
    return data.StructLayout(
        {
            "values": data.ArrayLayout(BINARY32_BITS, words),
            "part": range(max(2, BLOCK_SIZE // words)),
            "columns": range(words + 1),
            "final": 1,
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "code": FormatCode,
        }
    )
