"""A processing element for bfloat16: a fused multiply-add onto binary32."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.targets import TARGETS, check_target
from perf.baselines.fused_adder import FusedAdder, product_layout

__all__ = ["BFloat16Element", "bfloat16_layout"]

_SIGNIFICAND = 8
_BIAS = 127


def bfloat16_layout() -> data.StructLayout:
    """The fields of a bfloat16."""
    return data.StructLayout({"fraction": _SIGNIFICAND - 1, "exponent": 8, "sign": 1})


class BFloat16Element(wiring.Component):
    """``total = (first ? +0 : total) + a * b``, rounded once to binary32.

    Number formats: bfloat16 is the upper half of a binary32 (IEEE 754); rounding is to nearest, ties to
    even. Subnormals, NaN and infinities: see ``perf.baselines.bfloat16_golden``, which defines all bits.

    What was chosen, for the most multiplications per second and LUT:

    - ``interleaved`` sums take turns, one per cycle: the registers of the addition hold them, so that it is
      cut into as many cycles as its clock wants, and still makes one multiply-accumulate in each.
    - The product from carry chains of two gated rows each, as in our own element.
    - One path for near and far exponents, operands swapped by exponents alone: see ``FusedAdder``.

    A grid reads totals as they come by, ``interleaved`` cycles long; a pause of zero products (+0 times -0,
    which changes no total) lets them come by again.

    Operands and ``first`` pass on to the next element one cycle later. Latency from the operands to
    ``total`` is ``latency`` cycles; throughput one product per cycle; no flow control.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``. With multipliers, the product is written ``*``.

    Members
    -------
    a_in, a_out, b_in, b_out: ``bfloat16_layout``, left to right and top to bottom
    first_in, first_out: start a sum, ``first_delay`` cycles after its first operands
    total: Out(32), the binary32 sum with the operands of ``latency`` cycles before
    """

    macs_per_pass = 1
    modes = ("bfloat16",)

    first_delay = 4
    interleaved = FusedAdder.latency + 1
    latency = first_delay + 1 + interleaved

    def __init__(self, *, target: str = "generic"):
        check_target(target)
        self.target = target
        members: dict[str, Any] = {"total": Out(32)}
        for name, shape in (("a", bfloat16_layout()), ("b", bfloat16_layout()), ("first", 1)):
            members |= {f"{name}_in": In(shape), f"{name}_out": Out(shape)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.adder = adder = FusedAdder(target=self.target)
        # Cycle 0: operands, as the neighbours get them; cycle 4: ``first``.
        for name in ("a", "b", "first"):
            inward = getattr(self, f"{name}_in")
            m.d.comb += getattr(self, f"{name}_out").eq(delay(m, name, inward, 1))
        # Cycle 5: the sum so far, or +0.
        so_far = Signal(32, reset_less=True)
        m.d.sync += so_far.eq(Mux(self.first_out, 0, adder.sum.as_value()))
        m.d.comb += [
            adder.product.eq(self._product(m)),
            adder.addend.eq(so_far),
            self.total.eq(adder.sum.as_value()),
        ]
        return m

    def _product(self, m: Module) -> Any:
        """``a_out * b_out`` as ``product_layout``, five cycles later."""
        a, b = self.a_out, self.b_out
        # Cycle 1: exponents added, and what each operand is.
        exponents = Signal(9, reset_less=True)
        m.d.sync += exponents.eq(a.exponent + b.exponent)
        zeros = [delay(m, f"zero_{n}", x.exponent == 0, 1) for n, x in enumerate((a, b))]
        large = [delay(m, f"large_{n}", x.exponent.all(), 1) for n, x in enumerate((a, b))]
        nans = [delay(m, f"fraction_{n}", x.fraction.any(), 1) for n, x in enumerate((a, b))]
        # Cycle 2: what the product is.
        zero, infinite = zeros[0] | zeros[1], large[0] | large[1]
        nan = (large[0] & nans[0]) | (large[1] & nans[1]) | (zero & infinite)
        # Cycle 4: its leading bit on top. Cycle 5: the exponent with it; that of zero is below all others.
        raw = self._significand(m, Cat(a.fraction, 1), Cat(b.fraction, 1))
        significand = delay(m, "significand", Mux(raw[-1], raw, Cat(0, raw[:-1])), 1)
        zero = delay(m, "zero", zero, 3)
        exponent = carry_sum(
            m,
            "exponent_sum",
            CarryOp.PASS_XOR,
            10,
            a=delay(m, "exponents", exponents, 3),
            c=(1 << 10) - _BIAS,
            carry=delay(m, "carried", raw[-1], 1),
            target=self.target,
        )
        product = Signal(product_layout(), reset_less=True)
        m.d.sync += [
            product.significand.eq(Mux(zero, 0, significand)),
            product.exponent.eq(Mux(zero, -(1 << 9), exponent.as_signed())),
            product.sign.eq(delay(m, "sign", a.sign ^ b.sign, 4)),
            product.nan.eq(delay(m, "nan", nan, 3)),
            product.infinite.eq(delay(m, "infinite", infinite, 3)),
        ]
        return product

    def _significand(self, m: Module, a: Any, b: Any) -> Any:
        """``a * b``, three cycles later: cycles 1 to 3."""
        if TARGETS[self.target].multiply_add:
            return delay(m, "raw", a * b, 3)
        rows = [
            self._register(
                m, f"row{j}", _SIGNIFICAND + 2, CarryOp.AND_AND, a=a, b=b[j], c=Cat(0, a), d=b[j + 1]
            )
            for j in range(0, _SIGNIFICAND, 2)
        ]
        low, high = (
            Cat(
                delay(m, f"{name}_low", first[:2], 1),
                self._register(m, f"{name}_high", _SIGNIFICAND + 2, CarryOp.PASS_XOR, a=first[2:], c=second),
            )
            for name, first, second in (("lower", *rows[:2]), ("upper", *rows[2:]))
        )
        top = self._register(m, "raw_high", _SIGNIFICAND + 4, CarryOp.PASS_XOR, a=low[4:], c=high)
        return Cat(delay(m, "raw_low", low[:4], 1), top)

    def _register(self, m: Module, name: str, bits: int, op: CarryOp, **terms: Any) -> Signal:
        """``carry_sum``, a cycle later."""
        total = Signal(bits, name=name, reset_less=True)
        m.d.sync += total.eq(carry_sum(m, f"{name}_sum", op, bits, target=self.target, **terms))
        return total
