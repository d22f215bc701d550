"""The addition of a fused multiply-add: an exact product onto a binary32."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import binary32_layout
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.multiplexer import multiplexer
from hw.target.targets import check_target

__all__ = ["FusedAdder", "product_layout"]

_PRODUCT = 16
_SIGNIFICAND = 24
_GUARDS = 2
_FRAME = _SIGNIFICAND + _GUARDS


def product_layout() -> data.StructLayout:
    """``significand * 2**(exponent - 142)``, its leading bit on top; zero has the least exponent."""
    return data.StructLayout(
        {"significand": _PRODUCT, "exponent": signed(10), "sign": 1, "nan": 1, "infinite": 1}
    )


class FusedAdder(wiring.Component):
    """``sum = product + addend``, rounded once to binary32, ties to even; as ``bfloat16_golden`` defines it.

    Exponents alone decide which operand is shifted down. Where they are equal, the difference may be
    negative, but then it is exact: it is inverted rather than negated, and rounding, which such a difference
    does not need, supplies the missing unit. So nobody compares significands. Inversion by the sign is an
    input of the first swap, the last shift by one an input of the addition, and the exponent takes one
    addition with the rounding.

    ======  ====================================================================
    cycle   what happens
    ======  ====================================================================
    0       exponents compared
    1       swapped; the smaller one inverted, if signs differ
    2, 3    the smaller one shifted down by multiples of 8, then by 0, 2, 4 or 6
    4       shifted by 0 or 1 and added
    5       sign of the difference, inverted bits found
    6 to 10 leading zeros shifted out: 16, 8, 4, 2, 1
    11      rounding decided
    12      rounded
    13, 14  exponents out of range, special values
    ======  ====================================================================

    Latency ``latency`` cycles, throughput one sum per cycle; no flow control.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    product: In(``product_layout``)
    addend: In(``binary32_layout``), not subnormal, and no NaN but the canonical one
    sum: Out(``binary32_layout``)
    """

    latency = 15

    def __init__(self, *, target: str = "generic"):
        check_target(target)
        self.target = target
        super().__init__(
            {
                "product": In(product_layout()),
                "addend": In(binary32_layout()),
                "sum": Out(binary32_layout()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operands = self._swapped(m)
        total, sticky = self._added(m, operands)
        # Cycle 5: equal exponents leave a negative difference, and no sticky bit.
        subtract, infinite = (delay(m, f"{name}_5", operands[name], 3) for name in ("subtract", "infinite"))
        negative = total[-1] & subtract
        sign = delay(m, "sign_6", delay(m, "sign_5", operands["sign"], 3) ^ (negative & ~infinite), 1)
        can_cancel = delay(m, "can_cancel", subtract & ~infinite, 1)
        window, zeros, negative = self._normalized(m, total, negative)
        # Cycle 11: an inverted difference always gets its unit.
        guard, odd = window[_GUARDS], window[_GUARDS + 1]
        rest = delay(m, "sticky_11", sticky, 5) | window[:_GUARDS].any()
        up = delay(m, "up", negative | (guard & (rest | odd)), 1)
        exponent = Signal(signed(10), reset_less=True)
        m.d.sync += exponent.eq(self._difference(m, "exponent_sum", operands["exponent"], 9, zeros, 10))
        keeps_sign = window[-1] | ~delay(m, "can_cancel_11", can_cancel, 5)
        sign = delay(m, "sign_12", delay(m, "sign_11", sign, 5) & keeps_sign, 1)
        self._rounded(m, delay(m, "kept", window[_GUARDS + 1 :], 1), exponent, up, sign, operands)
        return m

    def _difference(self, m: Module, name: str, x: Any, late: int, y: Any, bits: int) -> Any:
        """``x``, ``late`` cycles later, less ``y``."""
        x = delay(m, f"{name}_x", x, late)
        return carry_sum(m, name, CarryOp.PASS_XOR, bits, a=x, c=y, d=1, carry=1, target=self.target)

    def _swapped(self, m: Module) -> dict[str, Any]:
        """What cycles 0 and 1 find out, for cycle 2: ``big``, ``small``, ``distance``, flags."""
        subtract = delay(m, "subtract", self.product.sign ^ self.addend.sign, 1)
        nonzero = delay(m, "nonzero", self.addend.exponent.any(), 1)
        special = delay(m, "special", self.addend.exponent.all(), 1)
        product, addend = delay(m, "product", self.product, 1), delay(m, "addend", self.addend, 1)
        product, addend = product_layout()(product), binary32_layout()(addend)
        difference = self._difference(m, "compared", self.product.exponent, 0, self.addend.exponent, 11)
        # With an addend of zero the product stays the big one, for its sign.
        swap = delay(m, "swap", difference[-1] & self.addend.exponent.any(), 1)
        distance = delay(m, "difference", difference[:-1], 1)

        # Cycle 1. The complement of a negative difference is short of one, which the product makes up for.
        distance = distance ^ swap.replicate(len(distance))
        high = Cat(Const(0, _SIGNIFICAND - _PRODUCT), product.significand)
        values = {
            "big": Mux(swap, Cat(addend.fraction, 1), high),
            "small": Mux(swap, high >> 1, Cat(addend.fraction, nonzero)) ^ subtract.replicate(_SIGNIFICAND),
            "distance": distance[:5],
            "far": distance[5:].any(),
            "exponent": Mux(swap, addend.exponent, product.exponent),
            "subtract": subtract,
            "sign": Mux((swap & ~product.infinite) | special, addend.sign, product.sign),
            "nan": product.nan | (special & (addend.fraction[-1] | (product.infinite & subtract))),
            "infinite": product.infinite | special,
        }
        return {name: delay(m, name, value, 1) for name, value in values.items()}

    def _added(self, m: Module, operands: dict[str, Any]) -> tuple[Any, Any]:
        """Sum or difference for cycle 5, and for cycle 6 whether there is more below it."""
        fill, distance = operands["subtract"], operands["distance"] | operands["far"].replicate(5)
        value = Cat(fill.replicate(_GUARDS), operands["small"])
        # Cycle 2.
        coarse, fine = distance[3:5], delay(m, "fine", distance[1:3], 1)
        lost = [delay(m, f"lost_{n}", bit, 1) for n, bit in enumerate(self._groups(value, fill, 8))]
        value = delay(m, "shifted_2", self._down(m, "coarse", value, fill, coarse, 8), 1)
        # Cycle 3.
        coarse, fill = delay(m, "coarse", coarse, 1), delay(m, "fill_3", fill, 1)
        lost_now = self._groups(value, fill, 2)
        sticky = Cat(
            (digits > n) & bit
            for digits, bits in ((coarse, lost), (fine, lost_now))
            for n, bit in enumerate(bits)
        ).any()
        sticky = delay(m, "sticky_3", sticky ^ fill, 1)
        value = delay(m, "shifted_3", self._down(m, "fine", value, fill, fine, 2), 1)
        fill = delay(m, "fill_4", fill, 1)
        # Cycle 4. Two bits below the frame have the bit that the last step loses, and the sticky bit.
        step = delay(m, "step", distance[0], 2)
        total = Signal(_FRAME + 3, reset_less=True)
        m.d.sync += total.eq(
            carry_sum(
                m,
                "total_sum",
                CarryOp.PASS_SELECT,
                len(total),
                a=Cat(Const(0, 2 + _GUARDS), delay(m, "big_4", operands["big"], 2)),
                b=step,
                c=Cat(sticky, value, fill, fill),
                d=Cat(fill, sticky, value, fill),
                carry=fill,
                target=self.target,
            )
        )
        return total[2:], delay(m, "sticky", total[:2].any(), 1)

    def _groups(self, value: Any, fill: Any, step: int) -> list[Any]:
        """For each of the shifts by one, two and three steps, whether the last step loses bits."""
        return [(value[n * step : (n + 1) * step] ^ fill.replicate(step)).any() for n in range(3)]

    def _down(self, m: Module, name: str, value: Any, fill: Any, digits: Any, step: int) -> Any:
        """``value`` shifted down by ``digits * step``, filled with ``fill``."""
        padded = Cat(value, fill.replicate(3 * step))
        full = len(value) - step  # from here up there are two sources: one LUT4, if synthesis may choose it
        parts = []
        for part, bits, target in (
            ("low", range(full), self.target),
            ("top", range(full, len(value)), "generic"),
        ):
            choices = [padded[bits.start + n * step : bits.stop + n * step] for n in range(4)]
            parts.append(multiplexer(m, f"{name}_{part}", digits, choices, target=target))
        return Cat(parts)

    def _normalized(self, m: Module, total: Any, negative: Any) -> tuple[Any, Any, Any]:
        """``total``, inverted if negative, without leading zeros; their number; ``negative``: cycle 11."""
        # Cycle 5.
        top = total[-16:] ^ negative.replicate(16)
        found = Cat(delay(m, f"found_{n}", top[n : n + 8].any(), 1) for n in (0, 8))
        window, negative = delay(m, "total_6", total, 1), delay(m, "negative_6", negative, 1)
        # Cycles 6 to 10.
        zeros: list[Any] = []
        for cycle, step in enumerate((16, 8, 4, 2, 1), 6):
            empty = Signal(name=f"empty_{step}")
            m.d.comb += empty.eq(~(found if step == 16 else window[-step:]).any())
            if step == 16:
                window = Mux(empty, window << step, window)[: len(total)] ^ negative.replicate(len(total))
            else:
                window = Mux(empty, Cat(negative.replicate(step), window[:-step]), window)
            window = delay(m, f"window_{cycle + 1}", window, 1)
            negative = delay(m, f"negative_{cycle + 1}", negative, 1)
            zeros = [delay(m, f"zeros_{step}_{n}", bit, 1) for n, bit in enumerate([empty, *zeros])]
        return window, Cat(zeros), negative

    def _rounded(
        self, m: Module, kept: Any, exponent: Any, up: Any, sign: Any, operands: dict[str, Any]
    ) -> None:
        """Drive ``sum`` from what there is in cycle 12."""
        rounded = Signal(
            data.StructLayout({"fraction": _SIGNIFICAND - 1, "exponent": signed(10)}), reset_less=True
        )
        m.d.sync += rounded.eq(
            carry_sum(
                m,
                "rounded_sum",
                CarryOp.PASS_XOR,
                len(rounded.as_value()),
                a=Cat(kept[:-1], exponent),
                c=Cat(Const(0, _SIGNIFICAND - 1), kept[-1]),  # the leading one completes the exponent
                carry=up,
                target=self.target,
            )
        )
        # Cycle 13: the leading one shows what is zero.
        zero = delay(m, "zero", ~kept[-1], 1)
        nan, infinite = (delay(m, f"{name}_13", operands[name], 11) for name in ("nan", "infinite"))
        bits = rounded.exponent.as_unsigned()
        under = zero | bits[-1] | ~bits[:-1].any()
        ones = nan | infinite | (~zero & ~bits[-1] & (bits[8] | bits[:8].all()))
        number, nan = delay(m, "number", rounded.as_value()[:31], 1), delay(m, "nan_14", nan, 1)
        ones, none = delay(m, "ones", ones, 1), delay(m, "none", under | ones, 1)
        # Cycle 14.
        result = Signal(binary32_layout(), reset_less=True)
        m.d.sync += [
            result.fraction.eq(Mux(none, 0, number[:23])),
            result.fraction[-1].eq(Mux(none, nan, number[22])),
            result.exponent.eq(Mux(ones, 0xFF, Mux(none, 0, number[23:]))),
            result.sign.eq(delay(m, "sign_14", sign, 2) & ~nan),
        ]
        m.d.comb += self.sum.eq(result)
