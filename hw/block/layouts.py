"""Packed blocks in hardware: their fields, and the one form that holds elements of any format."""

from functools import reduce
from operator import or_

import numpy as np
from amaranth.hdl import Cat, Const, Value, signed, unsigned
from amaranth.lib import data, enum

from golden import SLOT_BYTES, slots, unpack
from golden.formats import (
    BLOCK_SIZE,
    NAN_EXPONENT,
    RESERVED_CODE,
    RESERVED_CODES,
    SLOT_BITS,
    STREAM_FORMATS,
    SUBBLOCKS,
)
from hw.block.binary32 import BINARY32_BITS

__all__ = [
    "EXPONENT_BITS",
    "NORMAL_BITS",
    "FormatCode",
    "any_of",
    "block_bytes",
    "block_fields",
    "block_layout",
    "dropped_bits",
    "float_block_layout",
    "format_of",
    "is_format",
    "is_reserved",
    "normal_form",
    "pack_elements",
    "packed_block_layout",
    "slot_of",
    "tensor_of",
]


class FormatCode(enum.Enum, shape=range(RESERVED_CODE + 1)):
    """A block format on ``tuser``, by its name; ``RESERVED_CODES`` are reserved."""

    vars().update({fmt.name: fmt.code for fmt in STREAM_FORMATS})


def float_block_layout() -> data.ArrayLayout:
    """Sixteen binary32 bit patterns, element 0 in the low bits."""
    return data.ArrayLayout(unsigned(BINARY32_BITS), BLOCK_SIZE)


def packed_block_layout():
    """One packed block of any format in the low bits of its slot, zero above."""
    return unsigned(SLOT_BITS)


EXPONENT_BITS = NAN_EXPONENT.bit_length()
"""Bits of a shared exponent."""

NORMAL_BITS = max(fmt.element_bits for fmt in STREAM_FORMATS)
"""Bits of an element in normal form."""


def any_of(values):
    """Bitwise OR of values."""
    return reduce(or_, values)


def is_format(code, fmt):
    """Whether a stream's format code means ``fmt``."""
    return Value.cast(code) == FormatCode(fmt.code).value


def is_reserved(code):
    """Whether a stream's format code means no format."""
    return any_of(Value.cast(code) == reserved for reserved in RESERVED_CODES)


def block_bytes(code):
    """Bytes of a packed block with a stream's format code."""
    return any_of(Const(fmt.block_bytes) & is_format(code, fmt).replicate(8) for fmt in STREAM_FORMATS)


def block_layout(fmt) -> data.StructLayout:
    """A packed block of ``fmt``."""
    return data.StructLayout(
        {
            "exponent": EXPONENT_BITS,
            "microexponents": fmt.subblocks,
            "elements": data.ArrayLayout(signed(fmt.element_bits), fmt.block_size),
        }
    )


def block_fields(fmt, value):
    """Fields of the block of ``fmt`` in the low bits of the slot ``value``."""
    return data.View(block_layout(fmt), Value.cast(value)[: fmt.block_bits])


def dropped_bits(fmt):
    """Low bits of the normal form that elements of ``fmt`` lack."""
    return NORMAL_BITS - fmt.element_bits


def normal_form(fmt, element):
    """An element q of ``fmt`` as the ``NORMAL_BITS`` bits of ``q * 2**dropped_bits(fmt)``.

    Elements of every format are worth ``normal form * 2**(E - 127 - t - (NORMAL_BITS - 2))``.
    """
    return Cat(Const(0, dropped_bits(fmt)), Value.cast(element))


def pack_elements(elements):
    """What follows the microexponents in a slot.

    ``elements`` maps each format to its elements, which are all zero unless the block is of that format.
    """
    packed = any_of(Cat(Value.cast(e) for e in values) for values in elements.values())
    return packed | Const(0, SLOT_BITS - EXPONENT_BITS - SUBBLOCKS)


def format_of(code):
    """The format that a stream's code means to golden, None for a reserved code."""
    return {fmt.code: fmt for fmt in STREAM_FORMATS}.get(code)


def tensor_of(fmt, value):
    """The block of ``fmt`` in the slot ``value``, an integer, as a golden tensor."""
    packed = np.frombuffer(value.to_bytes(SLOT_BYTES, "little"), np.uint8)
    return unpack(packed[: fmt.block_bytes], fmt, fmt.block_size)


def slot_of(tensor):
    """The only block of a golden tensor as a slot, an integer."""
    return int.from_bytes(slots(tensor).tobytes(), "little")
