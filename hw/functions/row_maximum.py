"""What makes a row's maximum 0, from its elements."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.block.binary32 import (
    BINARY32_BIAS,
    BINARY32_BITS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    binary32_layout,
)
from hw.functions.row_factors import row_factors_layout
from hw.functions.row_sums import row_beat_layout
from hw.target.delay import delay

__all__ = ["RowMaximum"]

_SIZE = BINARY32_BITS - 1
"""Bits of a binary32 without its sign, which order as its size does."""

_ONE = BINARY32_BIAS << BINARY32_FRACTION


class RowMaximum(wiring.Component):
    """Minus the maximum of each row, as ``golden.functions.exponential`` adds it.

    The larger of two in each cycle, then the largest so far. Latency ``latency`` cycles from a row's last
    beat, throughput a beat per cycle, of rows of fewer beats than that a row in ``latency + 1`` cycles;
    streams with valid and ready. No beat but a row's last one waits.

    Parameters
    ----------
    lanes:
        Elements per beat, a power of two.

    Members
    -------
    i: In(stream of ``row_beat_layout(lanes)``)
        -infinity behind a row's end. ``user`` counts for nothing.
    o: Out(stream of ``row_factors_layout()``)
        The factor 1 and as offset minus the maximum, +0 if that is a zero or subnormal; both 0x7FC00000 for a
        row with a NaN or +infinity, or of -infinity alone.
    """

    def __init__(self, *, lanes):
        self.lanes = lanes
        self.latency = exact_log2(lanes) + 2
        super().__init__(
            {
                "i": In(stream.Signature(row_beat_layout(lanes))),
                "o": Out(stream.Signature(row_factors_layout())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        elements = [self.i.p.data[n] for n in range(self.lanes)]
        rounds = exact_log2(self.lanes)
        waits, taken = Signal(), Signal()  # waits: a row's maximum is not taken yet
        m.d.comb += [self.i.ready.eq(~waits | ~self.i.p.last), taken.eq(self.i.valid & self.i.ready)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [waits.eq(0), self.o.valid.eq(0)]
        with m.If(taken & self.i.p.last):
            m.d.sync += waits.eq(1)

        keys = [_key(element) for element in elements]
        for round_ in range(rounds):
            larger = []
            for place, (one, other) in enumerate(zip(keys[0::2], keys[1::2], strict=True)):
                kept = Signal(BINARY32_BITS, name=f"larger_{round_}_{place}", reset_less=True)
                m.d.sync += kept.eq(Mux(one > other, one, other))
                larger.append(kept)
            keys = larger
        nan = Cat((element.exponent == BINARY32_INFINITE) & element.fraction.any() for element in elements)
        nan = delay(m, "nan", nan.any(), rounds)
        came = delay(m, "came", taken, rounds, reset_less=False)
        last = delay(m, "last", self.i.p.last, rounds)

        begins, ends = Signal(init=1), Signal()
        largest, has_nan = Signal(BINARY32_BITS, reset_less=True), Signal(reset_less=True)
        m.d.sync += ends.eq(came & last)
        with m.If(came):
            m.d.sync += [begins.eq(last), has_nan.eq(nan | (has_nan & ~begins))]
            with m.If(begins | (keys[0] > largest)):
                m.d.sync += largest.eq(keys[0])
        with m.If(ends):
            m.d.sync += [self.o.valid.eq(1), self.o.p.eq(_factors(largest, has_nan))]
        return m


def _key(x):
    """The bits of a number as an integer that orders as numbers do, but for NaN."""
    bits = Value.cast(x)
    return Cat(bits[:_SIZE] ^ x.sign.replicate(_SIZE), ~x.sign)


def _factors(key, has_nan):
    """What the row of which this is the largest key gets."""
    negative = ~key[_SIZE]
    size = data.View(binary32_layout(), Cat(key[:_SIZE] ^ negative.replicate(_SIZE), Const(0, 1)))
    bad = has_nan | (size.exponent == BINARY32_INFINITE)
    minus = Cat(Value.cast(size)[:_SIZE], ~negative) & (size.exponent != 0).replicate(BINARY32_BITS)
    nan = Const(BINARY32_NAN, BINARY32_BITS)
    return Cat(Mux(bad, nan, _ONE), Mux(bad, nan, minus))
