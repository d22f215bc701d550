"""The golden model's rules in plain Python integers and fractions, one element at a time.

Slow, short, and written from the number format contract without the fast code: `verif.golden` holds
one against the other. Blocks are `Block` tuples, binary32 values are bit patterns, exact values
are fractions with ``None`` for NaN.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from golden.formats import Format
from golden.tensor import MXTensor, Tensor

QUIET_NAN = 0x7FC00000
INFINITY = 0x7F800000
TWO = Fraction(2)


class Block(NamedTuple):
    """One block: its format, E, microexponent bits and elements."""

    fmt: Format
    exponent: int
    microexponents: tuple[int, ...]
    elements: tuple[int, ...]


def blocks_of(t: Tensor, row: int) -> list[Block]:
    """The blocks of one row of a matrix."""
    return [_block(part, row, i) for part in t.parts for i in range(part.exponents.shape[1])]


def _block(t: MXTensor, row: int, i: int) -> Block:
    bits = int(t.microexponents[row, i])
    micro = tuple(bits >> j & 1 for j in range(t.fmt.subblocks))
    return Block(t.fmt, int(t.exponents[row, i]), micro, tuple(int(q) for q in t.elements[row, i]))


def _round_half_even(x: Fraction) -> int:
    return round(x)  # Python rounds a Fraction's tie to even


def binary32_value(bits: int) -> Fraction:
    """Exact value of a finite binary32 bit pattern."""
    exponent, mantissa = bits >> 23 & 0xFF, bits & 0x7FFFFF
    size = mantissa * TWO**-149 if exponent == 0 else (mantissa + (1 << 23)) * TWO ** (exponent - 150)
    return -size if bits >> 31 else size


def round_binary32(x: Fraction) -> int:
    """Bit pattern of an exact value: 24 bits, ties to even, then overflow or flush; +0 for 0."""
    if x == 0:
        return 0
    sign = 1 << 31 if x < 0 else 0
    size = abs(x)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()  # floor(log2) or 1 above
    if size < TWO**exponent:
        exponent -= 1
    mantissa = _round_half_even(size / TWO ** (exponent - 23))
    if mantissa == 1 << 24:
        mantissa, exponent = 1 << 23, exponent + 1
    if exponent > 127:
        return sign | INFINITY
    if exponent < -126:
        return sign
    return sign | (exponent + 127) << 23 | (mantissa - (1 << 23))


def add_binary32(x: int, y: int) -> int:
    """Bit pattern of x + y, ties to even; subnormal sums become zero with their sign."""
    for value in (x, y):
        if value & 0x7FFFFFFF > INFINITY:
            return QUIET_NAN
    infinite = [v for v in (x, y) if v & 0x7FFFFFFF == INFINITY]
    if infinite:
        return infinite[0] if len(set(infinite)) == 1 else QUIET_NAN
    total = binary32_value(x) + binary32_value(y)
    if total == 0:
        return 1 << 31 if x == y == 1 << 31 else 0
    return round_binary32(total)


def quantize_block(values: Sequence[int], fmt: Format) -> Block:
    """Encode a block of binary32 bit patterns (section 2)."""
    exponents = [v >> 23 & 0xFF for v in values]
    top = max(exponents)
    if top == 255:
        return Block(fmt, 255, (0,) * fmt.subblocks, (0,) * len(values))
    m, width = fmt.magnitude_bits, fmt.subblock_size
    micro = tuple(
        int(all(e < top for e in exponents[j * width : (j + 1) * width])) for j in range(fmt.subblocks)
    )
    elements = []
    for i, v in enumerate(values):
        x = binary32_value(v) if exponents[i] else Fraction(0)
        t = micro[i // width] if micro else 0
        q = _round_half_even(x / TWO ** (top - 127 - t - (m - 1)))
        elements.append(max(-(2**m - 1), min(2**m - 1, q)))
    return Block(fmt, top, micro, tuple(elements))


def decode_block(block: Block) -> list[Fraction | None]:
    """Exact values of a block's elements (section 1)."""
    if block.exponent == 255:
        return [None] * len(block.elements)
    fmt = block.fmt
    values: list[Fraction | None] = []
    for i, q in enumerate(block.elements):
        t = block.microexponents[i // fmt.subblock_size] if fmt.subblocks else 0
        values.append(q * TWO ** (block.exponent - 127 - t - (fmt.magnitude_bits - 1)))
    return values


def pack_block(block: Block) -> bytes:
    """Memory image of a block, written as one long integer (section 4)."""
    word, used = block.exponent, 8
    fields = [(t, 1) for t in block.microexponents]
    fields += [(q & ((1 << block.fmt.element_bits) - 1), block.fmt.element_bits) for q in block.elements]
    for value, bits in fields:
        word |= value << used
        used += bits
    return word.to_bytes(used // 8, "little")


class Pass(NamedTuple):
    """Signed 4-bit magnitudes of 16 elements, their microexponents (one per element) and exponent."""

    exponent: int
    microexponents: tuple[int, ...]
    elements: tuple[int, ...]


def passes_of(block: Block) -> list[list[Pass]]:
    """The passes of each group of 16 elements of a block (sections 1, 6 and this model's -2**m rule)."""
    fmt, groups = block.fmt, []
    for start in range(0, len(block.elements), 16):
        elements = block.elements[start : start + 16]
        t = tuple(block.microexponents[i // 2] if fmt.subblocks else 0 for i in range(16))
        if fmt.magnitude_bits == 7:
            high = tuple(abs(q) // 16 * (-1 if q < 0 else 1) for q in elements)
            low = tuple(abs(q) % 16 * (-1 if q < 0 else 1) for q in elements)
            groups.append([Pass(block.exponent + 1, t, high), Pass(block.exponent - 3, t, low)])
        else:
            scaled = [q * 2 ** (4 - fmt.magnitude_bits) for q in elements]
            first = tuple(max(-15, min(15, q)) for q in scaled)
            second = tuple(q - f for q, f in zip(scaled, first, strict=True))
            groups.append([Pass(block.exponent, t, first), Pass(block.exponent, t, second)])
    return groups


def aligned_dot(a: Sequence[Block], b: Sequence[Block], fraction_bits: int) -> int:
    """Bit pattern of one output of the aligned accumulator (section 7), as one chunk."""
    if any(block.exponent == 255 for block in (*a, *b)):
        return QUIET_NAN
    left = [group for block in a for group in passes_of(block)]
    right = [group for block in b for group in passes_of(block)]
    reference = sum(max(p.exponent for group in side for p in group) for side in (left, right))
    acc = 0
    for p, q in _pairs(left, right):
        dot = sum(
            x * y * 2 ** (2 - t - u)
            for x, y, t, u in zip(p.elements, q.elements, p.microexponents, q.microexponents, strict=True)
        )
        acc += (dot << fraction_bits) >> (reference - p.exponent - q.exponent)
    return round_binary32(acc * TWO ** (reference - fraction_bits - 262))


def _pairs(left: list[list[Pass]], right: list[list[Pass]]) -> Iterator[tuple[Pass, Pass]]:
    for ps, qs in zip(left, right, strict=True):
        for p in ps:
            for q in qs:
                yield p, q


def exact_dot(a: Sequence[Block], b: Sequence[Block]) -> Fraction:
    """Exact dot product of the decoded values, without NaN blocks."""
    left = [x for block in a for x in decode_block(block)]
    right = [x for block in b for x in decode_block(block)]
    return sum((x * y for x, y in zip(left, right, strict=True) if x and y), Fraction(0))


def float32_dot(a: Sequence[Block], b: Sequence[Block]) -> int:
    """Bit pattern of one output of the float32 accumulator, blocks of 16, as one chunk."""
    if any(block.exponent == 255 for block in (*a, *b)):
        return QUIET_NAN
    left = [x for block in a for x in decode_block(block)]
    right = [x for block in b for x in decode_block(block)]
    acc = 0
    for start in range(0, len(left), 16):
        stop = start + 16
        pairs = zip(left[start:stop], right[start:stop], strict=True)
        acc = add_binary32(acc, round_binary32(sum((x * y for x, y in pairs if x and y), Fraction(0))))
    return acc
