"""Fields of packed blocks, and the one form in which hardware holds elements of any format."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Value, signed, unsigned
from amaranth.lib import data

from golden.formats import NAN_EXPONENT, SLOT_BITS, STREAM_FORMATS
from hw.layouts import FormatCode

__all__ = [
    "EXPONENT_BITS",
    "NORMAL_BITS",
    "any_of",
    "block_fields",
    "block_layout",
    "is_format",
    "normal_form",
    "slot_of",
]

EXPONENT_BITS = NAN_EXPONENT.bit_length()
"""Bits of a shared exponent."""

NORMAL_BITS = max(fmt.element_bits for fmt in STREAM_FORMATS)
"""Bits of an element in normal form."""


def any_of(values):
    """Bitwise OR of a sequence of values."""
    return reduce(or_, values)


def is_format(code, fmt):
    """Whether a format code on a stream means ``fmt``."""
    return Value.cast(code) == FormatCode(fmt.code).value


def block_layout(fmt) -> data.StructLayout:
    """A packed block of ``fmt``: section 4 of the number format contract."""
    return data.StructLayout({
        "exponent": EXPONENT_BITS,
        "microexponents": fmt.subblocks,
        "elements": data.ArrayLayout(signed(fmt.element_bits), fmt.block_size),
    })


def block_fields(fmt, slot):
    """The fields of a block of ``fmt`` in the low bits of ``slot``."""
    return data.View(block_layout(fmt), Value.cast(slot)[:fmt.block_bits])


def normal_form(fmt, element):
    """An element of ``fmt`` as ``NORMAL_BITS`` bits: the zero-extended MX9 element of the same value.

    An element q of a format with m magnitude bits becomes ``q * 2**(NORMAL_BITS - 1 - m)``.
    """
    return Cat(Const(0, NORMAL_BITS - fmt.element_bits), Value.cast(element))


def slot_of(exponent, microexponents, elements):
    """A slot from its fields; ``elements`` gives for each format its elements, zero unless it is the block's.

    Parameters
    ----------
    exponent, microexponents:
        Fields that all formats have in the same place.
    elements:
        Mapping from format to a sequence of elements of that format's width.
    """
    body = SLOT_BITS - EXPONENT_BITS - len(microexponents)
    return Cat(exponent, microexponents, any_of(
        Cat(Value.cast(element) for element in values) for values in elements.values()
    ) | Const(0, unsigned(body)))
