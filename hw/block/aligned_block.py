"""Blocks of every format in one form: elements of all formats in the same places."""

from amaranth.hdl import Cat
from amaranth.lib import data

from golden.formats import MX9, PASS_MAGNITUDE_BITS, SLOT_BITS, STREAM_FORMATS
from hw.block.layouts import EXPONENT_BITS, any_of, block_fields, is_format

__all__ = ["align", "aligned_block_layout", "format_selects"]


def aligned_block_layout() -> data.StructLayout:
    """A block of ``SLOT_BITS`` bits, laid out as one of MX9 whatever its format.

    An element of MX9 is as in a slot. One of a narrower format has its sign in the top bit, what follows its
    sign at the top of the ``PASS_MAGNITUDE_BITS`` low bits, and anything between: a pass takes the
    low bits as they are. A block in a reserved format has zeros there.
    """
    layout = data.StructLayout(
        {
            "exponent": EXPONENT_BITS,
            "microexponents": MX9.subblocks,
            "elements": data.ArrayLayout(MX9.element_bits, MX9.block_size),
        }
    )
    assert layout.size == SLOT_BITS
    return layout


def format_selects(code):
    """What ``align`` takes of a stream's format code: whether it means each of ``STREAM_FORMATS``."""
    return Cat(is_format(code, fmt) for fmt in STREAM_FORMATS)


def align(selects, block):
    """The packed ``block`` of the format that ``selects`` says, in ``aligned_block_layout``."""
    fields = {fmt: block_fields(fmt, block) for fmt in STREAM_FORMATS}
    elements = []
    for i, raw in enumerate(fields[MX9].elements):
        low, sign = [], []
        for fmt, selected in zip(STREAM_FORMATS, selects, strict=True):
            q = fields[fmt].elements[i]
            placed = (q << max(0, PASS_MAGNITUDE_BITS - fmt.magnitude_bits))[:PASS_MAGNITUDE_BITS]
            low.append(placed & selected.replicate(PASS_MAGNITUDE_BITS))
            sign.append(q[-1] & selected)
        elements.append(Cat(any_of(low), raw[PASS_MAGNITUDE_BITS:-1], any_of(sign)))
    return Cat(fields[MX9].exponent, fields[MX9].microexponents, elements)
