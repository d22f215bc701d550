"""Stimulus for the quantizer, dequantizer and converter: directed, exhaustive and random blocks.

A case is ``(name, data, user)``: what it is for, and an input beat. Directed cases come by name, one
function for each, from a random generator and the format of the block.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from golden.formats import (
    BLOCK_SIZE,
    CODE_BITS,
    NAN_EXPONENT,
    RESERVED_CODES,
    SLOT_BITS,
    STREAM_FORMATS,
    SUBBLOCKS,
    Format,
)
from hw.block.layouts import EXPONENT_BITS

Case = tuple[str, int, int]

CODES = {fmt.code: str(fmt) for fmt in STREAM_FORMATS} | dict.fromkeys(RESERVED_CODES, "reserved")
"""Names of format codes, reserved ones included."""

_FORMATS = {fmt.code: fmt for fmt in STREAM_FORMATS}
_TOP_EXPONENT = NAN_EXPONENT - 1
_FRACTION_BITS = 23
_MAX_FRACTION = (1 << _FRACTION_BITS) - 1


def floats(values: Sequence[int]) -> int:
    """A block of binary32 as the payload of a beat."""
    assert len(values) == BLOCK_SIZE
    return sum(value << (32 * k) for k, value in enumerate(values))


def _float(sign: int, exponent: int, fraction: int) -> int:
    return sign << 31 | exponent << _FRACTION_BITS | fraction


def _random_float(rng: random.Random, low: int, high: int) -> int:
    """A binary32 whose exponent field is between ``low`` and ``high``."""
    return _float(rng.getrandbits(1), rng.randint(low, high), rng.getrandbits(_FRACTION_BITS))


def packed(fmt: Format, exponent: int, micro: int, elements: Sequence[int]) -> int:
    """A packed block in its slot, from codes."""
    assert len(elements) == BLOCK_SIZE
    value = exponent | micro << EXPONENT_BITS
    for k, q in enumerate(elements):
        value |= (q % (1 << fmt.element_bits)) << (EXPONENT_BITS + SUBBLOCKS + k * fmt.element_bits)
    return value


def _named(table: dict[str, Callable]) -> Callable:
    def add(function: Callable) -> Callable:
        table[function.__name__.strip("_")] = function
        return function

    return add


FLOAT_CASES: dict[str, Callable[[random.Random, Format], list[int]]] = {}
"""Directed blocks of 16 binary32."""

_floats_case = _named(FLOAT_CASES)


@_floats_case
def zeros(rng, fmt):
    return [_float(rng.getrandbits(1), 0, 0) for _ in range(BLOCK_SIZE)]


@_floats_case
def subnormals(rng, fmt):
    return [_float(rng.getrandbits(1), 0, rng.randint(1, _MAX_FRACTION)) for _ in range(BLOCK_SIZE)]


@_floats_case
def small_exponents(rng, fmt):
    high = rng.randint(1, 20)
    return [_random_float(rng, max(0, high - rng.randint(0, 12)), high) for _ in range(BLOCK_SIZE)]


@_floats_case
def large_exponents(rng, fmt):
    low = _TOP_EXPONENT - rng.randint(0, 12)
    return [_random_float(rng, low, _TOP_EXPONENT) for _ in range(BLOCK_SIZE)]


@_floats_case
def extremes(rng, fmt):
    """The largest finite and the smallest normal magnitudes, zeros and subnormals."""
    magnitudes = [_float(0, _TOP_EXPONENT, _MAX_FRACTION), _float(0, 1, 0), 0, 1, _MAX_FRACTION]
    values = [magnitudes[0], *(rng.choice(magnitudes) for _ in range(BLOCK_SIZE - 1))]
    rng.shuffle(values)
    return [rng.getrandbits(1) << 31 | value for value in values]


@_floats_case
def nan(rng, fmt):
    values = [_random_float(rng, 0, _TOP_EXPONENT) for _ in range(BLOCK_SIZE)]
    values[rng.randrange(BLOCK_SIZE)] = _float(
        rng.getrandbits(1), NAN_EXPONENT, rng.choice([1, 1 << 22, rng.randint(1, _MAX_FRACTION)])
    )
    return values


@_floats_case
def infinity(rng, fmt):
    values = [_random_float(rng, 0, _TOP_EXPONENT) for _ in range(BLOCK_SIZE)]
    values[rng.randrange(BLOCK_SIZE)] = _float(rng.getrandbits(1), NAN_EXPONENT, 0)
    return values


@_floats_case
def ties(rng, fmt):
    """Half-way between two codes, after even and after odd ones, at every shift, with either t."""
    top = rng.randint(20, _TOP_EXPONENT)
    values = []
    for j in range(SUBBLOCKS):
        scale = top - (rng.getrandbits(1) if j else 0)
        for d in rng.sample([0, rng.randint(0, fmt.magnitude_bits)], 2):
            # The magnitude has this many bits between its leading one and its half; at d = m it is 1/2.
            between = fmt.magnitude_bits - 1 - d
            leading = rng.getrandbits(between) << 1 | 1 if between >= 0 else 0
            values.append(_float(rng.getrandbits(1), scale - d, leading << (_FRACTION_BITS - between - 1)))
    return values


@_floats_case
def saturation(rng, fmt):
    """At and around the end of the range, where rounding up would need one more bit."""
    top = rng.randint(1, _TOP_EXPONENT)
    end = ((1 << fmt.magnitude_bits) - 1) << (_FRACTION_BITS - fmt.magnitude_bits + 1) & _MAX_FRACTION
    half = 1 << (_FRACTION_BITS - fmt.magnitude_bits)
    choices = [end, end + half - 1, end + half, min(end + half + 1, _MAX_FRACTION), _MAX_FRACTION]
    return [
        _float(rng.getrandbits(1), max(top - rng.choice([0, 0, 1]), 0), rng.choice(choices))
        for _ in range(BLOCK_SIZE)
    ]


@_floats_case
def zero_subblocks(rng, fmt):
    values = [_random_float(rng, 120, 130) for _ in range(BLOCK_SIZE)]
    for j in rng.sample(range(SUBBLOCKS), rng.randint(1, SUBBLOCKS - 1)):
        values[2 * j] = values[2 * j + 1] = rng.getrandbits(1) << 31
    return values


@_floats_case
def bits(rng, fmt):
    return [rng.getrandbits(32) & ~(1 << 30) for _ in range(BLOCK_SIZE)]


@_floats_case
def values(rng, fmt):
    center = rng.randint(10, 240)
    return [_random_float(rng, center - 8, center + 8) for _ in range(BLOCK_SIZE)]


CODE_CASES: dict[str, Callable[[random.Random, Format], int]] = {}
"""Directed packed blocks."""

_codes_case = _named(CODE_CASES)


def _random_block(rng: random.Random, fmt: Format, low: int = 0, high: int = _TOP_EXPONENT) -> int:
    elements = [rng.randint(fmt.min_element, fmt.max_element) for _ in range(BLOCK_SIZE)]
    return packed(fmt, rng.randint(low, high), rng.getrandbits(SUBBLOCKS), elements)


def _chosen(rng: random.Random, fmt: Format, choices: Sequence[int]) -> int:
    elements = [rng.choice(choices) for _ in range(BLOCK_SIZE)]
    return packed(fmt, rng.randint(0, _TOP_EXPONENT), rng.getrandbits(SUBBLOCKS), elements)


@_codes_case
def codes(rng, fmt):
    return _random_block(rng, fmt)


@_codes_case
def _zeros(rng, fmt):
    return _chosen(rng, fmt, [0])


@_codes_case
def lowest(rng, fmt):
    """Elements -2**m, which no encoder makes."""
    other = rng.randint(fmt.min_element, fmt.max_element)
    return _chosen(rng, fmt, [fmt.min_element, fmt.min_element, other])


@_codes_case
def ends(rng, fmt):
    """Elements that narrowing has to clamp, and their neighbours."""
    near = max(1, fmt.max_element // 8)
    magnitudes = range(fmt.max_element - near, fmt.max_element + 1)
    return _chosen(rng, fmt, [s * magnitude for magnitude in magnitudes for s in (1, -1)])


@_codes_case
def halves(rng, fmt):
    """Elements half-way between codes of a narrower format."""
    choices = [
        q
        for q in range(fmt.min_element, fmt.max_element + 1)
        if any(
            q % (1 << drop) == 1 << (drop - 1)
            for other in STREAM_FORMATS
            if (drop := fmt.element_bits - other.element_bits) > 0
        )
    ]
    return _chosen(rng, fmt, choices or range(fmt.min_element, fmt.max_element + 1))


@_codes_case
def _nan(rng, fmt):
    return _random_block(rng, fmt, NAN_EXPONENT, NAN_EXPONENT)


@_codes_case
def least_exponents(rng, fmt):
    return _random_block(rng, fmt, 0, 9)


@_codes_case
def greatest_exponents(rng, fmt):
    return _random_block(rng, fmt, _TOP_EXPONENT - 1, _TOP_EXPONENT)


def quantizer_cases(rng: random.Random) -> Iterator[Case]:
    """Every directed case in every format, once."""
    for code in CODES:
        for name, make in FLOAT_CASES.items():
            yield name, floats(make(rng, _FORMATS.get(code, STREAM_FORMATS[0]))), code


def _junk_above(rng: random.Random, fmt: Format, block: int) -> int:
    """``block`` with junk in its slot above the block, which nothing may depend on."""
    width = SLOT_BITS - fmt.block_bits
    return block | rng.getrandbits(width) << fmt.block_bits if width else block


def dequantizer_cases(rng: random.Random) -> Iterator[Case]:
    """Every directed case in every format, once."""
    for code in CODES:
        for name, make in CODE_CASES.items():
            fmt = _FORMATS.get(code, STREAM_FORMATS[0])
            yield name, _junk_above(rng, fmt, make(rng, fmt)), code


def converter_cases(rng: random.Random) -> Iterator[Case]:
    """Every directed case in every pair of formats, once."""
    for to in CODES:
        for name, data, code in dequantizer_cases(rng):
            yield name, data, to << CODE_BITS | code


def every_code(fmt: Format, rng: random.Random) -> Iterator[list[int]]:
    """Blocks of elements in which every lane has every code of ``fmt`` once."""
    count = 1 << fmt.element_bits
    offsets = [rng.randrange(count) for _ in range(BLOCK_SIZE)]
    for k in range(count):
        yield [(k + offset) % count + fmt.min_element for offset in offsets]


def converter_sweep(rng: random.Random) -> Iterator[Case]:
    """Every code of every format, in every lane, to every format."""
    for source in STREAM_FORMATS:
        for target in STREAM_FORMATS:
            for elements in every_code(source, rng):
                block = packed(source, rng.getrandbits(8), rng.getrandbits(SUBBLOCKS), elements)
                yield "sweep", block, target.code << CODE_BITS | source.code


def dequantizer_sweep(rng: random.Random) -> Iterator[Case]:
    """Every code of every format, in every lane, with either t, at exponents that matter."""
    for fmt in STREAM_FORMATS:
        for exponent in (*range(11), 127, _TOP_EXPONENT - 1, _TOP_EXPONENT, NAN_EXPONENT):
            for elements in every_code(fmt, rng):
                micro = rng.getrandbits(SUBBLOCKS)
                for t in (micro, ~micro % (1 << SUBBLOCKS)):
                    yield "sweep", packed(fmt, exponent, t, elements), fmt.code


def quantizer_sweep(rng: random.Random) -> Iterator[Case]:
    """Everything that decides the rounding of an element: format, t, shift, sign, window, sticky bit.

    The window are the leading bits down to the guard bit of the longest magnitude. Elements
    sit in random lanes, each beside an element of the largest exponent (t = 0) or one of less (t = 1).
    """
    window = max(fmt.magnitude_bits for fmt in STREAM_FORMATS)
    below = _FRACTION_BITS - window
    for fmt in STREAM_FORMATS:
        waiting = [
            (t, _float(sign, shift, leading << below | sticky << rng.randrange(below)))
            for t in (0, 1)
            for shift in range(t, window + 3 + t)
            for sign in (0, 1)
            for leading in range(1 << window)
            for sticky in (0, 1)
        ]
        rng.shuffle(waiting)
        while waiting:
            top = rng.randint(32, _TOP_EXPONENT)
            # One sub-block with the largest exponent, whatever the others are.
            first = [_random_float(rng, top, top), _random_float(rng, 0, top)]
            pairs = [rng.sample(first, 2)]
            for _ in range(SUBBLOCKS - 1):
                t, value = waiting.pop() if waiting else (0, 0)
                shift = value >> _FRACTION_BITS & NAN_EXPONENT
                value += (top - 2 * shift) << _FRACTION_BITS
                other = _random_float(rng, top - 3 if t else top, top - t)
                pairs.append(rng.sample([value, other], 2))
            rng.shuffle(pairs)
            yield "sweep", floats([value for pair in pairs for value in pair]), fmt.code
