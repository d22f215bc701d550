"""Claims about ``hw.block.dequantizer``: every block of every format."""

from amaranth.hdl import Cat, Mux, Value
from amaranth.lib import data

from golden.formats import BLOCK_SIZE, NAN_EXPONENT, STREAM_FORMATS
from hw.block.binary32 import binary32_layout
from hw.block.dequantizer import Dequantizer
from hw.block.layouts import NORMAL_BITS, FormatCode, block_fields, is_format
from hw.stream.packet import packet_layout
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit
from verif.formal.prover.numbers import magnitude_of

__all__ = ["CLAIMS"]

_QUEUED = data.StructLayout({**binary32_layout().members, "fraction": NORMAL_BITS})
"""A binary32 as the queue has it, without the fraction's low bits, which are always 0."""

_ONE = 1 << NORMAL_BITS
"""The leading one of a significand that has such a fraction."""


class _Expansion:
    """A dequantizer, the beat that went in ``Dequantizer.stages`` cycles ago and what came of it."""

    def __init__(self, bench):
        unit = bench.unit(Dequantizer())
        self.given = bench.ago("given", unit.i.p, Dequantizer.stages)
        made = packet_layout(data.ArrayLayout(_QUEUED, BLOCK_SIZE), FormatCode)
        self.made = bench.inside("unit.queue.data", made)
        self.known = Cat(is_format(self.given.user, fmt) for fmt in STREAM_FORMATS).any()


def _elements(fmt):
    """Elements of a block of ``fmt`` as binary32."""

    def build(bench):
        expansion = _Expansion(bench)
        block = block_fields(fmt, expansion.given.data)
        here = is_format(expansion.given.user, fmt) & (block.exponent != NAN_EXPONENT)
        for k in range(BLOCK_SIZE):
            bench.claim(f"element {k}", ~here | _worth(bench.m, k, fmt, block, expansion.made.data[k]))

    return build


def _worth(m, k, fmt, block, x):
    """Whether ``x`` is ``q * 2**(E - 127 - t - (m - 1))``.

    In units of the last bit of a subnormal result, ``x`` is its fraction, or its significand shifted
    left by one less than its exponent; the element is its magnitude shifted left by ``places``.
    """
    q = block.elements[k]
    size = magnitude_of(m, f"given_{k}", q)
    places = block.exponent - block.microexponents[k // 2] + (NORMAL_BITS - fmt.magnitude_bits)
    left = places - (x.exponent - 1)
    short = (places >= 0) & (places <= NORMAL_BITS)
    subnormal = short & (size << places[:4] == x.fraction)
    normal = (left >= 0) & (left <= NORMAL_BITS) & (size << left[:4] == (_ONE | x.fraction))
    zero = ~x.exponent.any() & ~x.fraction.any()
    return Mux(q == 0, zero, Mux(x.exponent == 0, subnormal, normal)) & (x.sign == (q < 0))


def _rest(bench):
    """NaN blocks and reserved codes; code and last."""
    expansion = _Expansion(bench)
    given, made = expansion.given, expansion.made
    nan = ~expansion.known | (block_fields(STREAM_FORMATS[0], given.data).exponent == NAN_EXPONENT)
    for k in range(BLOCK_SIZE):
        x = made.data[k]
        quiet = (x.exponent == NAN_EXPONENT) & (x.fraction == _ONE >> 1) & ~x.sign
        bench.claim(f"nan {k}", ~nan | quiet)
    same = (Value.cast(made.user) == Value.cast(given.user)) & (made.last == given.last)
    bench.claim("user and last", same)


_MUTANTS = {
    "MX4": Edit("a place too few", Dequantizer, "_field", "(z + 1)[:places]", "z"),
    "MX6": Edit("subnormal where it is not", Dequantizer, "_field", "f.any() & ~b", "f.any() & b"),
    "MX9": Edit("no microexponents", Dequantizer, "_normal_forms", "exponent + ~t", "exponent + 1"),
}

CLAIMS = [
    *(
        Claim(
            unit="Dequantizer",
            text=f"{fmt} to binary32: every element",
            build=_elements(fmt),
            method=AnyState(Dequantizer.stages),
            mutants=(_MUTANTS[str(fmt)],),
        )
        for fmt in STREAM_FORMATS
    ),
    Claim(
        unit="Dequantizer",
        text="NaN blocks, reserved codes, code and last",
        build=_rest,
        method=AnyState(Dequantizer.stages),
        mutants=(
            Edit("infinity, not NaN", Dequantizer, "_normal_forms", "q | nan_element for", "q for"),
            Edit(
                "reserved codes are zero", Dequantizer, "_normal_forms", "nan | ~any_of(is_.values())", "nan"
            ),
        ),
    ),
]
