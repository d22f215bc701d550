"""Claims about ``hw.array.aligned_accumulator``: one addition, from any total."""

from amaranth.hdl import Cat, Mux, Signal, signed

from golden.formats import accumulator_bits
from hw.array.aligned_accumulator import AlignedAccumulator
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]


def _build(fraction_bits, k_blocks):
    """``total = (first ? 0 : total before) + floor(dot * 2**fraction_bits / 2**distance)``."""

    def build(bench):
        width = accumulator_bits(fraction_bits, k_blocks)
        unit = bench.unit(AlignedAccumulator(fraction_bits=fraction_bits, width=width))
        m, ago = bench.m, bench.ago
        low, high = unit.total[: unit.low_bits], unit.total[unit.low_bits :]
        # The high half follows a cycle later.
        total = Cat(ago("low", low, 1), high)
        before = Cat(ago("low", low, 2), ago("high", high, 1))
        first = ago("first", unit.first, unit.latency + 1 - unit.first_delay)
        dot = ago("dot", unit.dot, unit.latency + 1)
        distance = ago("distance", unit.distance, unit.latency + 1)
        scaled = Signal(signed(len(dot) + fraction_bits))
        m.d.comb += scaled.eq(dot.as_signed() << fraction_bits)
        bench.claim("sum", total == (Mux(first, 0, before) + (scaled >> distance))[:width])

    return build


CLAIMS = [
    Claim(
        unit=f"AlignedAccumulator, F = {fraction_bits}",
        text="one addition, from any total",
        build=_build(fraction_bits, k_blocks),
        method=AnyState(AlignedAccumulator.latency + 1),
        mutants=(
            Edit(
                "far negative values are 0",
                AlignedAccumulator,
                "_shifted",
                "value[-1] & (steps >= sources)",
                "0",
            ),
            Edit(
                "the high half starts anew a cycle early",
                AlignedAccumulator,
                "elaborate",
                'delay(m, "first_high", self.first, 1, reset_less=False)',
                "self.first",
            ),
        ),
        quick=False,
    )
    for fraction_bits, k_blocks in ((9, 8), (17, 72), (24, 256))
]
