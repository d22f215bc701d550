"""Lines: the pieces in which results go to memory."""

from amaranth.lib import data

from golden.formats import BLOCK_SIZE

__all__ = [
    "FRAGMENT_BYTES",
    "LINE_UNITS",
    "UNIT_BYTES",
    "line_layout",
]

FRAGMENT_BYTES = BLOCK_SIZE * 4
"""Most bytes of 16 columns of a row of D: binary32. As much is a line of memory."""

UNIT_BYTES = 2
"""Addresses and lengths of what is written are multiples of so many bytes."""

LINE_UNITS = FRAGMENT_BYTES // UNIT_BYTES
"""Units of a line."""


def line_layout(address_bits) -> data.StructLayout:
    """Units ``start`` to ``end - 1`` of ``data`` for line number ``line`` of memory, each in its place."""
    return data.StructLayout(
        {
            "line": address_bits - (FRAGMENT_BYTES.bit_length() - 1),
            "start": range(LINE_UNITS),
            "end": range(LINE_UNITS + 1),
            "data": 8 * FRAGMENT_BYTES,
        }
    )
