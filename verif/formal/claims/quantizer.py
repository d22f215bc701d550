"""Claims about ``hw.block.quantizer``: 16 binary32 at a time, every bit pattern."""

from amaranth.hdl import Cat, Mux, Signal, Value
from amaranth.lib import data

from golden.formats import NAN_EXPONENT, STREAM_FORMATS, SUBBLOCKS
from hw.block import quantizer
from hw.block.binary32 import BINARY32_FRACTION, BINARY32_SIGNIFICAND, binary32_layout
from hw.block.layouts import block_fields, is_format
from hw.block.quantizer import Quantizer
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit
from verif.formal.prover.numbers import is_rounded, magnitude_of

__all__ = ["CLAIMS"]

_STAGES = 12
"""Register stages of a quantizer that takes all 16 at once."""


class _Quantization:
    """A quantizer, the beat that went in so many cycles ago as it has stages, and what came of it."""

    def __init__(self, bench):
        unit = bench.unit(Quantizer())
        assert unit.stages == _STAGES
        self.given = bench.ago("given", unit.i.p, _STAGES)
        self.made = bench.inside("unit.queue.data", unit.o.p.shape())
        self.floats = [data.View(binary32_layout(), bits) for bits in self.given.data]
        self.known = Cat(is_format(self.given.user, fmt) for fmt in STREAM_FORMATS).any()
        self.is_nan = ~self.known | Cat(x.exponent == NAN_EXPONENT for x in self.floats).any()


def _elements(fmt):
    """Elements of a block of ``fmt``, as said of its exponent and microexponents."""

    def build(bench):
        quantization = _Quantization(bench)
        wanted = is_format(quantization.given.user, fmt) & ~quantization.is_nan
        block = block_fields(fmt, quantization.made.data)
        for k, x in enumerate(quantization.floats):
            quantized = _quantized(bench.m, k, fmt, x, block)
            bench.claim(f"element {k}", ~wanted | quantized)

    return build


def _quantized(m, k, fmt, x, block):
    """Whether element ``k`` is ``x / 2**(E - 127 - t - (m - 1))``, rounded and clamped."""
    # An element more than ``far`` steps below is less than half a unit, whatever its fraction is.
    far = fmt.magnitude_bits + 1
    lower = Signal(9, name=f"lower_{k}")
    scaled = Signal(BINARY32_SIGNIFICAND + far, name=f"scaled_{k}")
    significand = Mux(x.exponent == 0, 0, x.fraction | 1 << BINARY32_FRACTION)
    m.d.comb += [
        lower.eq((block.exponent - block.microexponents[k // 2] - x.exponent)[:9]),
        scaled.eq((significand << (far - lower)[: far.bit_length()])[: len(scaled)]),
    ]
    q = block.elements[k]
    size = magnitude_of(m, f"made_{k}", q)
    unit = 1 << BINARY32_FRACTION - (fmt.magnitude_bits - 1) + far
    rounded = is_rounded(m, f"rounded_{k}", value=scaled, unit=unit, result=size, most=fmt.max_element)
    return Mux(lower > far, q == 0, rounded) & ((q == 0) | ((q < 0) == x.sign))


def _rest(bench):
    """Exponent and microexponents; NaN blocks; code and last."""
    quantization = _Quantization(bench)
    made, floats, is_nan = quantization.made, quantization.floats, quantization.is_nan
    for fmt in STREAM_FORMATS:
        other = ~is_format(quantization.given.user, fmt) | is_nan
        block = block_fields(fmt, made.data)
        largest = block.exponent
        bench.claim(f"{fmt} largest", other | Cat(largest >= x.exponent for x in floats).all())
        bench.claim(f"{fmt} one of them", other | Cat(largest == x.exponent for x in floats).any())
        for j in range(SUBBLOCKS):
            pair = Cat(x.exponent < largest for x in floats[2 * j : 2 * j + 2]).all()
            bench.claim(f"{fmt} pair {j}", other | (block.microexponents[j] == pair))
        above = made.data[fmt.block_bits :]
        bench.claim(f"{fmt} above", other | (~above.any() if len(above) else 1))
    bench.claim("nan", ~is_nan | (made.data == NAN_EXPONENT))
    given = quantization.given
    bench.claim(
        "user and last", (Value.cast(made.user) == Value.cast(given.user)) & (made.last == given.last)
    )


_MUTANTS = {
    "MX4": Edit("ties away from zero", quantizer, "rounded", "(magnitude[k][0] | sticky[k])", "1"),
    "MX6": Edit(
        "no clamp", quantizer, "rounded", "half[k] & ~(magnitude[k][0] & ones[k] & more_ones[k])", "half[k]"
    ),
    "MX9": Edit(
        "the lowest bit that is lost does not count",
        quantizer,
        "aligned",
        "sticky[k] | (odd[k] & window[k][0])",
        "sticky[k]",
    ),
}

CLAIMS = [
    *(
        Claim(
            unit="Quantizer",
            text=f"binary32 to {fmt}: every element",
            build=_elements(fmt),
            method=AnyState(_STAGES),
            mutants=(_MUTANTS[str(fmt)],),
            quick=False,
        )
        for fmt in STREAM_FORMATS
    ),
    Claim(
        unit="Quantizer",
        text="exponent, microexponents, NaN blocks",
        build=_rest,
        method=AnyState(_STAGES),
        mutants=(
            Edit(
                "a pair of two largest", Quantizer, "_header", "pair != top for pair", "pair == top for pair"
            ),
            Edit("the smaller one", quantizer, "_larger", "Mux(a > b, a, b)", "Mux(a > b, b, a)"),
        ),
        quick=False,
    ),
]
