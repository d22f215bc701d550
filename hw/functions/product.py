"""Products of single floats."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.functions.product import SIGNIFICAND_BITS
from hw.block.binary32 import (
    BINARY32_BIAS,
    BINARY32_BITS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)
from hw.stream.free_stages import FreeStages

__all__ = ["PRODUCT_STAGES", "Multiply17", "multiply17_stages"]

PRODUCT_STAGES = 4
"""Register stages of a product."""

_PRODUCT = 2 * SIGNIFICAND_BITS


class Multiply17(wiring.Component):
    """``x * y`` of significands cut to 17 bits, as ``golden.functions.multiply17``.

    Latency ``latency`` cycles, throughput one per cycle; no flow control.

    Members
    -------
    x, y: In(``binary32_layout``); o: Out(``binary32_layout``)
    """

    latency = PRODUCT_STAGES

    def __init__(self):
        float_ = binary32_layout()
        super().__init__({"x": In(float_), "y": In(float_), "o": Out(float_)})

    def elaborate(self, platform):
        m = Module()
        stages = FreeStages(m)
        product = multiply17_stages(stages, self.x, self.y)
        m.d.comb += self.o.as_value().eq(stages.register(PRODUCT_STAGES, "value", product))
        return m


def multiply17_stages(stages, x, y):
    """The product of two ``binary32_layout``, for a register of stage `PRODUCT_STAGES` of ``stages``."""
    factors = [
        stages.register(
            1, f"{name}_cut", Cat(factor.fraction, Const(1, 1))[BINARY32_SIGNIFICAND - SIGNIFICAND_BITS :]
        )
        for name, factor in (("x", x), ("y", y))
    ]
    product = stages.register(2, "product", factors[0] * factors[1])

    # What is no product of two normal numbers.
    zeros, infinite = ([factor.exponent == limit for factor in (x, y)] for limit in (0, BINARY32_INFINITE))
    nans = [(inf & (factor.fraction != 0)) for inf, factor in zip(infinite, (x, y), strict=True)]
    zero, infinity = Cat(zeros).any(), Cat(infinite).any()
    nan = stages.carry(1, 3, "nan", Cat(nans).any() | (zero & infinity))
    zero, infinity = stages.carry(1, 3, "zero", zero), stages.carry(1, 3, "infinity", infinity)
    sign = stages.carry(1, 3, "product_sign", x.sign ^ y.sign)

    # The exponent's field, before a sum of exponents that is too large or too small is told.
    total = stages.register(1, "sum_of_exponents", x.exponent + y.exponent)
    exponent = stages.register(
        2, "product_exponent", (total - BINARY32_BIAS)[: len(x.exponent) + 2]
    ).as_signed()

    # Rounded to even at 24 bits: the product has 33 or 34.
    above = product[-1]
    drop = _PRODUCT - BINARY32_SIGNIFICAND
    guard = Mux(above, product[drop - 1], product[drop - 2])
    sticky = product[: drop - 2].any() | (above & product[drop - 2])
    odd = Mux(above, product[drop], product[drop - 1])
    kept = stages.register(3, "kept_product", Mux(above, product[drop:-1], product[drop - 1 : -2]))
    rounds_up = stages.register(3, "rounds_up", guard & (sticky | odd))
    field = stages.register(3, "product_field", (exponent + above)[: len(exponent)])
    whole = (Cat(kept, field).as_signed() + rounds_up)[: len(kept) + len(field)]
    rounded = whole[BINARY32_FRACTION:].as_signed()
    below, beyond = rounded <= 0, rounded >= BINARY32_INFINITE

    size = Mux(infinity | beyond, BINARY32_INFINITE << BINARY32_FRACTION, whole[: BINARY32_BITS - 1])
    size = Mux(zero | (below & ~infinity), 0, size)[: BINARY32_BITS - 1]
    return Mux(nan, Const(BINARY32_NAN, BINARY32_BITS), Cat(size, sign))
