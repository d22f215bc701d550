"""Claims about ``hw.array.aligned_to_float``: every total, each with every exponent that can be."""

from amaranth.hdl import Cat, Const, Mux, Signal, Value, signed

from golden.formats import NAN_EXPONENT
from golden.rounding import QUIET_NAN
from hw.array.aligned_to_float import AlignedToFloat
from hw.block.binary32 import BINARY32_FRACTION, BINARY32_SIGNIFICAND, binary32_layout
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_EXPONENTS = range(-1024, 1024)
"""Exponents that a sum of two shared exponents and an offset stay well within."""


def _build(width):
    """A claim for each place of the highest bit of a total's magnitude, of ``width`` bits."""

    def build(bench):
        unit = bench.unit(AlignedToFloat(width=width))
        given = bench.ago("given", Cat(unit.total, unit.exponent, unit.nan), unit.latency)
        total, exponent, nan = given[:width].as_signed(), given[width:-1].as_signed(), given[-1]
        bench.assume((exponent >= _EXPONENTS.start) & (exponent < _EXPONENTS.stop))
        size, made = Signal(width), Signal(binary32_layout())
        bench.m.d.comb += [size.eq(Mux(total < 0, -total, total)), Value.cast(made).eq(unit.value)]
        bench.claim("nan", ~nan | (unit.value == int(QUIET_NAN)))
        bench.claim("zero", nan | (size != 0) | (unit.value == 0))
        for place in range(width):
            here = ~nan & (size[place:] == 1)
            right = _is_rounded(bench.m, place, size, exponent - unit.weight, made)
            bench.claim(f"highest bit {place}", ~here | (right & (made.sign == (total < 0))))

    return build


def _is_rounded(m, place, size, scale, made):
    """Whether ``made`` is the binary32 of ``size * 2**(scale - 127)``, whose highest bit is at ``place``."""
    # The significand with an exponent field of any size: rounded first, then looked at.
    lost = place - BINARY32_FRACTION
    kept = Signal(BINARY32_SIGNIFICAND + 1, name=f"kept_{place}")
    if lost > 0:
        rest, half = size[:lost], 1 << lost - 1
        up = (rest > half) | ((rest == half) & size[lost])
        m.d.comb += kept.eq((size[lost : place + 1] + up)[: len(kept)])
    else:
        m.d.comb += kept.eq(Cat(Const(0, -lost), size[: place + 1]))
    field = Signal(signed(14), name=f"field_{place}")
    m.d.comb += field.eq((scale + place + kept[BINARY32_SIGNIFICAND])[:14].as_signed())
    fraction = kept[:BINARY32_FRACTION]  # all zeros where rounding carried
    number = (made.exponent == field) & (made.fraction == fraction)
    infinity = (made.exponent == NAN_EXPONENT) & (made.fraction == 0)
    zero = (made.exponent == 0) & (made.fraction == 0)
    return Mux(field >= NAN_EXPONENT, infinity, Mux(field < 1, zero, number))


CLAIMS = [
    Claim(
        unit=f"AlignedToFloat, {width} bits",
        text="total to binary32: every total, exponents -1024 to 1023",
        build=_build(width),
        method=AnyState(AlignedToFloat.latency),
        mutants=(
            Edit("ties away from zero", AlignedToFloat, "elaborate", "guard & (rest | odd)", "guard"),
            Edit(
                "negative totals are inverted", AlignedToFloat, "elaborate", "guard | (~rest & odd)", "guard"
            ),
            Edit("no infinity", AlignedToFloat, "_pack", "(exponent[8:-1].any() | exponent[:8].all())", "0"),
        ),
        quick=False,
    )
    for width in (32, 40)
]
