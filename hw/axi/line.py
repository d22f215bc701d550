"""Lines: the pieces in which results go to memory."""

from amaranth.lib import data

from golden.formats import BLOCK_SIZE

__all__ = [
    "FRAGMENT_BYTES",
    "LINE_UNITS",
    "UNIT_BYTES",
    "write_beat_layout",
]

FRAGMENT_BYTES = BLOCK_SIZE * 4
"""Most bytes of 16 columns of a row of D: binary32. As much is a line of memory."""

UNIT_BYTES = 2
"""Addresses and lengths of what is written are multiples of so many bytes."""

LINE_UNITS = FRAGMENT_BYTES // UNIT_BYTES
"""Units of a line."""


def write_beat_layout(data_bits, address_bits, turns=2) -> data.StructLayout:
    """A beat for memory, one of those that hold some of a line, in ascending order.

    ``number`` times the bytes of a beat is its address; ``more`` beats of the same line follow. ``units`` has
    a bit for each unit of ``data``: whether it is to be written. ``bytes`` of the line are written in all.
    ``turn``, below ``turns``, is that of the job that writes it.
    """
    beat_bytes = data_bits // 8
    return data.StructLayout(
        {
            "number": address_bits - (beat_bytes.bit_length() - 1),
            "more": range(max(2, FRAGMENT_BYTES // beat_bytes)),
            "units": beat_bytes // UNIT_BYTES,
            "bytes": range(FRAGMENT_BYTES + 1),
            "data": data_bits,
            "turn": range(turns),
        }
    )
