"""Payload layouts of the streams, one function per layout, sizes from golden."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from golden.formats import BLOCK_SIZE, MX4, MX6, MX9, SLOT_BITS


class FormatCode(enum.Enum, shape=unsigned(2)):
    """A block format on ``tuser``. The fourth code is reserved."""

    MX4 = MX4.code
    MX6 = MX6.code
    MX9 = MX9.code


RESERVED_FORMAT = 3
"""The code that names no format."""


def packet_layout(payload, user) -> data.StructLayout:
    """One AXI4-Stream beat: ``data`` (TDATA), ``user`` (TUSER) and ``last`` (TLAST)."""
    return data.StructLayout({"data": payload, "user": user, "last": 1})


def float_block_layout() -> data.ArrayLayout:
    """Sixteen binary32 bit patterns, element 0 in the low bits."""
    return data.ArrayLayout(unsigned(32), BLOCK_SIZE)


def packed_block_layout():
    """One packed block of any format in the low bits of its slot, zero above."""
    return unsigned(SLOT_BITS)
