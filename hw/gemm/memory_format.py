"""Formats of matrices in memory, as hardware computes with them: ``golden.engine`` has the numbers."""

from amaranth.hdl import Cat, Const, Shape
from amaranth.utils import exact_log2

from golden.engine import MemoryFormat
from golden.formats import BLOCK_SIZE
from hw.block.layouts import FormatCode

__all__ = ["MEMORY_FORMAT_BITS", "block_code", "bytes_of", "each_format", "is_one_of", "times", "units_in"]

MEMORY_FORMAT_BITS = max(MemoryFormat).bit_length()
"""Bits of a code of ``MemoryFormat``."""


def is_one_of(code, formats):
    """Whether ``code`` is that of one of ``formats``."""
    return Cat(code == fmt for fmt in formats).any()


def each_format(m, code, formats):
    """Each of ``formats`` in its case of a switch over ``code``; the last one has all other codes, too."""
    *others, last = formats
    with m.Switch(code):
        for fmt in others:
            with m.Case(fmt.value):
                yield fmt
        with m.Default():
            yield last


def block_code(code):
    """The ``FormatCode`` of the blocks of ``code``, which is one of ``golden.engine.QUANTIZED_FORMATS``.

    Their codes are the same in both, in fewer bits.
    """
    return FormatCode(code[: Shape.cast(FormatCode).width])


def units_in(elements, size=BLOCK_SIZE):
    """Blocks of ``size`` elements, a power of two, that ``elements`` fill: rounded up."""
    return (elements + (size - 1)) >> exact_log2(size)


def bytes_of(fmt, units, leading):
    """Bytes of a row of so many blocks or floats (``unit_elements``), the ``leading`` of them MX9."""
    size = units * fmt.unit_bytes
    return size + leading * fmt.mx9_excess if fmt.mx9_excess else size


def times(value, factor):
    """``value * factor`` as a sum of shifts, for synthesis without multipliers."""
    terms = [Cat(Const(0, n), value) for n in range(factor.bit_length()) if factor >> n & 1]
    return sum(terms[1:], terms[0]) if terms else Const(0)
