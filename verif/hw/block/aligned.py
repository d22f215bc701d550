"""What an aligned block must hold, from golden's codes."""

from golden.formats import BLOCK_SIZE, MX9, PASS_MAGNITUDE_BITS
from hw.block.layouts import tensor_of

_NARROW = 1 << PASS_MAGNITUDE_BITS


def expected_fields(fmt, slot):
    """Exponent, microexponents and elements of the packed block ``slot`` of ``fmt``, an integer.

    An element of MX9 is its code; one of another format is whether it is negative, and what a pass takes.
    """
    tensor = tensor_of(fmt, slot)
    codes = [int(code) for code in tensor.elements.ravel()]
    if fmt is not MX9:
        codes = [(code < 0, (code << (PASS_MAGNITUDE_BITS - fmt.magnitude_bits)) % _NARROW) for code in codes]
    return int(tensor.exponents.item()), int(tensor.microexponents.item()), codes


def aligned_fields(fmt, block):
    """The same of ``block``, an aligned one as an integer, read without ``hw``'s layout."""
    exponent, microexponents, elements = block & 0xFF, block >> 8 & 0xFF, block >> 16
    codes = []
    for i in range(BLOCK_SIZE):
        byte = elements >> 8 * i & 0xFF
        negative = byte >= 0x80
        codes.append(byte - 0x100 * negative if fmt is MX9 else (negative, byte % _NARROW))
    return exponent, microexponents, codes
