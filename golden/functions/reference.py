"""The functions in plain Python integers and fractions, one bit pattern at a time."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor, isqrt

from golden.functions.activation import Gate, parabolas
from golden.functions.exp2 import exp2_table
from golden.reference import QUIET_NAN, binary32_value, round_binary32

__all__ = ["activation", "divide", "exp2", "exponential", "multiply17", "reciprocal", "row_statistics"]

_SIGN, _INFINITY = 1 << 31, 0x7F800000


def exp2(bits: int) -> int:
    """2**x of a binary32 bit pattern, as one."""
    if bits & ~_SIGN > _INFINITY:
        return QUIET_NAN
    argument = _fixed(bits, fraction=13, most=(1 << 20) - 1)
    if bits & _SIGN:
        argument = -1 - argument
    integer, segment, offset = argument // 2**13, argument // 2**8 % 32, argument % 2**8
    values, slopes = exp2_table()
    fraction = values[segment] + slopes[segment] * offset // 2**6
    if integer < -126:
        return 0
    return round_binary32((1 + Fraction(fraction, 2**14)) * Fraction(2) ** integer)


def exponential(row: Sequence[int]) -> list[int]:
    """``2**(x - max)`` of each bit pattern of a row, as bit patterns."""
    sizes = [bits & ~_SIGN for bits in row]
    minus_infinity = _SIGN | _INFINITY
    if max(sizes) > _INFINITY or _INFINITY in row or all(bits == minus_infinity for bits in row):
        return [QUIET_NAN] * len(row)
    values = [
        None if size == _INFINITY else Fraction(0) if size < 1 << 23 else binary32_value(bits)
        for size, bits in zip(sizes, row, strict=True)
    ]
    largest = max(value for value in values if value is not None)
    results = []
    for value in values:
        below = minus_infinity
        if value == largest:
            below = 0
        elif value is not None:
            # A difference below the normal range is -0, a step below 0.
            exact = value - largest
            below = round_binary32(exact) if -exact >= Fraction(2) ** -126 else _SIGN
        results.append(exp2(below))
    return results


def multiply17(x: int, y: int) -> int:
    """The product of two bit patterns, as one."""
    sizes = [bits & ~_SIGN for bits in (x, y)]
    sign = (x ^ y) & _SIGN
    zero = any(size < 1 << 23 for size in sizes)
    if max(sizes) > _INFINITY or (zero and _INFINITY in sizes):
        return QUIET_NAN
    if _INFINITY in sizes:
        return sign | _INFINITY
    if zero:
        return sign
    product = _cut(sizes[0], 17) * _cut(sizes[1], 17)
    return sign | round_binary32(product) & ~_SIGN


def reciprocal(bits: int) -> int:
    """1/x of a bit pattern, as one: the quotient by 24 bits has 17 bits, or is the next power of two."""
    size, sign = bits & ~_SIGN, bits & _SIGN
    if size > _INFINITY:
        return QUIET_NAN
    if size < 1 << 23:
        return sign | _INFINITY
    quotient = Fraction(2**40 // (size & 0x7FFFFF | 1 << 23)) * Fraction(2) ** (110 - (size >> 23))
    return sign if size == _INFINITY or quotient < Fraction(2) ** -126 else sign | round_binary32(quotient)


def divide(x: int, y: int) -> int:
    """The quotient of two bit patterns, as one."""
    return multiply17(x, reciprocal(y))


def activation(gate: Gate, bits: int) -> int:
    """``x G(x)`` of a bit pattern, as one."""
    size, sign = bits & ~_SIGN, bits & _SIGN
    if size > _INFINITY:
        return QUIET_NAN
    p = parabolas(gate)
    argument = _fixed(bits, fraction=16 - gate.span, most=(1 << 16) - 1)
    segment, offset = divmod(argument, 1 << 10)
    slope = -p.c1[segment] - (p.c2[segment] * (offset // 4) >> p.square_shift)
    tail = p.c0[segment] - (slope * offset >> p.linear_shift)
    open_ = tail if sign else 2**17 - tail
    if size == _INFINITY and open_:
        return bits
    if size < 1 << 23 or not open_:
        return sign
    product = _cut(size, 17) * Fraction(open_, 2**17)
    return sign if product < Fraction(2) ** -126 else sign | _cut_to_binary32(product)


def row_statistics(row: Sequence[int], *, epsilon: Fraction, mean: bool = True) -> tuple[int, int]:
    """Factor and offset of a row of finite bit patterns, as bit patterns; ``epsilon`` is eps width**2."""
    width = len(row)
    values = [binary32_value(bits) if bits & ~_SIGN >= 1 << 23 else Fraction(0) for bits in row]
    largest = max(bits >> 23 & 0xFF for bits in row)
    unit = Fraction(2) ** (largest - 127)
    negative = [bits >> 31 for bits in row]

    def cut(fraction: int) -> list[int]:
        """In units of ``unit / 2**fraction``; negative ones are a unit lower than their size, cut."""
        sizes = (int(abs(value) / unit * 2**fraction) for value in values)
        return [-1 - size if sign else size for size, sign in zip(sizes, negative, strict=True)]

    coarse, fine = cut(16), cut(31)
    total = sum(coarse) if mean else 0
    variance = width * sum(a * a for a in coarse) - total**2
    variance = max(variance + min(floor(epsilon * 4**16 / unit**2), 2**61), 1)
    k = (variance.bit_length() - 35) // 2
    root = isqrt(variance // 4**k if k >= 0 else variance * 4**-k)
    inverse = 2**35 // root
    minus_total = -sum(fine) // 2**8 if mean else 0
    factor = width * inverse * Fraction(2) ** (16 - k - 35) / unit
    offset = minus_total * inverse * Fraction(2) ** (16 - 23 - k - 35)
    return _with_24_bits(factor), _with_24_bits(offset)


def _with_24_bits(x: Fraction) -> int:
    """The bit pattern of ``x`` with 24 bits, cut toward zero; zero below the normal range, infinity above."""
    sign = _SIGN if x < 0 else 0
    if abs(x) >= Fraction(2) ** 128:
        return sign | _INFINITY
    if abs(x) < Fraction(2) ** -126:
        return sign
    return sign | _cut_to_binary32(abs(x))


def _fixed(bits: int, *, fraction: int, most: int) -> int:
    """``min(floor(|x| 2**fraction), most)``."""
    size = bits & ~_SIGN
    if size >= _INFINITY:
        return most
    if size < 1 << 23:
        return 0
    return min(int(binary32_value(size) * 2**fraction), most)


def _cut(size: int, kept: int) -> Fraction:
    """A normal binary32 with ``kept`` bits of its significand."""
    return binary32_value(size >> 24 - kept << 24 - kept)


def _cut_to_binary32(x: Fraction) -> int:
    """``x`` with 24 bits, cut toward zero, in the normal range."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    if x < Fraction(2) ** exponent:
        exponent -= 1
    return (exponent + 127 << 23) + int(x / Fraction(2) ** exponent * 2**23) - (1 << 23)
