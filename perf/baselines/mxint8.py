"""A processing element for OCP MXINT8, as our own is for MX6 and MX9."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array.aligned_accumulator import AlignedAccumulator, distance_bits
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.targets import TARGETS, check_target
from perf.baselines.mxint8_golden import DOT_BITS, LANES, MAGNITUDE_BITS, total_bits

__all__ = ["MXINT8Element", "mxint8_operand_layout", "mxint8_steering_layout"]


def mxint8_operand_layout() -> data.StructLayout:
    """Half a block: signs and magnitudes (``mxint8_golden.sign_magnitude``)."""
    return data.StructLayout({"sign": LANES, "magnitude": data.ArrayLayout(MAGNITUDE_BITS, LANES)})


def mxint8_steering_layout(fraction_bits: int) -> data.StructLayout:
    """What comes from the left: the exponent distance of the row's block, and the start of a sum."""
    return data.StructLayout({"distance": distance_bits(fraction_bits, DOT_BITS), "first": 1})


class MXINT8Element(wiring.Component):
    """``total = (first ? 0 : total) + floor(dot(a, b) * 2**fraction_bits / 2**distance)`` of 16 products.

    A block of 32 takes two cycles, of one distance. Number format: OCP Microscaling Formats (MX)
    Specification, version 1.0, MXINT8: 32 elements in two's complement with one E8M0 scale. All bits are
    defined by ``perf.baselines.mxint8_golden``. Scales become distances at the edge of an array, as in our
    own, and so do two's complement elements signs and magnitudes, once for a whole row or column.

    What was chosen, for the most multiplications per second and LUT:

    - 7-bit magnitudes, a bit less of either operand than two's complement has: three carry chains that each
      add two gated rows, one that adds the seventh row, and two more. That reads -128 as -127: quantizers
      that keep to the symmetric range never write it.
    - Signs cost one LUT per product: the additions that follow invert by them, and the carry inputs of
      the tree supply the units that this lacks, but for one.
    - The accumulator of our own element, with as many bits below the largest dot product and a width of as
      many bits.
    - A register behind every addition.

    Operands, distances and ``first`` pass on to the next element one cycle later. Latency from the
    operands to the low half of ``total`` is ``latency`` cycles, to the high half one more; throughput
    16 products per cycle; no flow control.

    Parameters
    ----------
    fraction_bits:
        F, bits below a dot product of the largest exponents.
    k_blocks:
        Longest sum, in half blocks along K.
    target:
        One of ``hw.target.targets.TARGETS`` without multipliers: see ``mxint8_pair`` for those.

    Members
    -------
    a_in, a_out, b_in, b_out: ``mxint8_operand_layout``, left to right and top to bottom
    row_in, row_out: ``mxint8_steering_layout``; ``distance`` comes ``distance_delay`` cycles after the
        operands, ``first`` ``first_delay``
    column_in, column_out: the distance of the column's block, ``distance_delay`` cycles after the operands
    total: Out(width), bits ``low_bits`` and up one cycle after the rest
    """

    macs_per_pass = LANES
    modes = ("mxint8",)

    _dot_latency = 8
    distance_delay = _dot_latency - 1
    first_delay = _dot_latency + AlignedAccumulator.first_delay
    latency = 1 + _dot_latency + AlignedAccumulator.latency

    def __init__(self, *, fraction_bits: int = 13, k_blocks: int = 72, target: str = "generic"):
        check_target(target)
        if TARGETS[target].multiply_add:
            raise ValueError(f"target must be without a multiplier, which mxint8_pair uses, not {target!r}")
        self.fraction_bits = fraction_bits
        self.k_blocks = k_blocks
        self.target = target
        self.width = total_bits(fraction_bits, k_blocks)
        self._accumulator = AlignedAccumulator(
            fraction_bits=fraction_bits, width=self.width, dot_bits=DOT_BITS, target=target
        )
        members: dict[str, Any] = {"total": Out(self.width)}
        for name, shape in (
            ("a", mxint8_operand_layout()),
            ("b", mxint8_operand_layout()),
            ("row", mxint8_steering_layout(fraction_bits)),
            ("column", distance_bits(fraction_bits, DOT_BITS)),
        ):
            members |= {f"{name}_in": In(shape), f"{name}_out": Out(shape)}
        super().__init__(members)

    @property
    def low_bits(self) -> int:
        """Bits of a total that arrive one cycle before the others."""
        return int(self._accumulator.low_bits)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.accumulator = accumulator = self._accumulator
        # Cycle 0: operands, as the neighbours get them.
        for name in ("a", "b", "row", "column"):
            inward = getattr(self, f"{name}_in")
            m.d.comb += getattr(self, f"{name}_out").eq(delay(m, name, inward, 1))
        a, b = self.a_out, self.b_out
        # Cycles 1 to 3: products.
        signs = [delay(m, f"sign{i}", a.sign[i] ^ b.sign[i], 3) for i in range(LANES)]
        products = [self._product(m, f"product{i}", a.magnitude[i], b.magnitude[i]) for i in range(LANES)]
        # Cycle 8: how far the dot product must go down. Cycles 9 to 12: down, and onto the total.
        distance = Signal.like(accumulator.distance, reset_less=True)
        m.d.sync += distance.eq(self.row_out.distance + self.column_out)
        m.d.comb += [
            accumulator.dot.eq(self._tree(m, products, signs)),
            accumulator.distance.eq(distance),
            accumulator.first.eq(self.row_out.first),
            self.total.eq(accumulator.total),
        ]
        return m

    def _product(self, m: Module, name: str, a: Any, b: Any) -> Any:
        """``a * b``, three cycles later, by carry chains."""
        gated = {"op": CarryOp.AND_AND, "b": 1}
        # Cycle 1: rows for two bits of b each.
        rows = [
            self._register(
                m,
                f"{name}_row{j // 2}",
                MAGNITUDE_BITS + 2,
                a=a,
                c=Cat(0, a),
                d=b[j + 1],
                **gated | {"b": b[j]},
            )
            for j in range(0, MAGNITUDE_BITS - 1, 2)
        ]
        late_a, late_bit = delay(m, f"{name}_a", a, 1), delay(m, f"{name}_b6", b[6], 1)
        # Cycle 2: the lower two rows, and the third with that of the last bit.
        low = self._sum_above(
            m, f"{name}_lower", 2, rows[0], MAGNITUDE_BITS + 4, c=rows[1], op=CarryOp.PASS_XOR
        )
        high = self._sum_above(
            m, f"{name}_upper", 2, rows[2], MAGNITUDE_BITS + 3, c=late_a, d=late_bit, **gated
        )
        # Cycle 3: both.
        return self._sum_above(m, name, 4, low, 2 * MAGNITUDE_BITS, c=high, op=CarryOp.PASS_XOR)

    def _sum_above(self, m: Module, name: str, shift: int, value: Any, bits: int, **terms: Any) -> Any:
        """``value + (c << shift)``, a cycle later: only bits from ``shift`` up are added."""
        low = delay(m, f"{name}_low", value[:shift], 1)
        return Cat(low, self._register(m, f"{name}_high", bits - shift, a=value[shift:], **terms))

    def _tree(self, m: Module, products: list[Any], signs: list[Any]) -> Any:
        """The sum of ``products``, each negated if its sign is set, five cycles later."""
        # Cycle 4: an inverted product lacks a unit; each addition has a carry for one of two.
        bits = 2 * MAGNITUDE_BITS + 2
        sums, lacking = [], []
        for n in range(0, LANES, 2):
            (p, q), (s, t) = products[n : n + 2], signs[n : n + 2]
            pair = self._register(m, f"pair{n // 2}", bits, op=CarryOp.XOR_XOR, a=p, b=s, c=q, d=t, carry=t)
            sums.append(pair.as_signed())
            lacking.append(delay(m, f"unit{n // 2}", s, 1))
        # Cycles 5 to 7: all of them, with carries for all units but one.
        while len(sums) > 1:
            bits = min(bits + 1, DOT_BITS)
            name = f"sum{len(sums) // 2}"
            pairs = zip(sums[::2], sums[1::2], lacking, strict=False)
            sums = [
                self._register(m, f"{name}_{n}", bits, op=CarryOp.PASS_XOR, a=x, c=y, carry=unit).as_signed()
                for n, (x, y, unit) in enumerate(pairs)
            ]
            left = lacking[len(sums) :]
            lacking = [delay(m, f"{name}_unit{n}", unit, 1) for n, unit in enumerate(left)]
        # Cycle 8: that one.
        (total,), (unit,) = sums, lacking
        return self._register(m, "dot", bits, op=CarryOp.PASS_XOR, a=total, c=0, carry=unit)

    def _register(self, m: Module, name: str, bits: int, *, op: CarryOp, **terms: Any) -> Signal:
        """``carry_sum``, a cycle later."""
        total = Signal(bits, name=name, reset_less=True)
        m.d.sync += total.eq(carry_sum(m, f"{name}_sum", op, bits, target=self.target, **terms))
        return total
