"""Two processing elements for OCP MXINT8 on shared DSP blocks."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array.aligned_accumulator import AlignedAccumulator, distance_bits
from hw.target.delay import delay
from hw.target.multiply_add import check_multiplier, multiply_add
from perf.baselines.mxint8 import mxint8_steering_layout
from perf.baselines.mxint8_golden import DOT_BITS, LANES, total_bits

__all__ = ["MXINT8Pair", "activations_layout", "packed_weights_layout"]

_COLUMNS = 2
_CHAIN = 8
"""Products that one cascade sums: as many as a field of 18 bits holds."""

_FIELD = 18
_OFFSET = 1 << (_FIELD - 1)
"""Keeps the lower field from borrowing of the upper one."""


def activations_layout() -> data.ArrayLayout:
    """Half a block, from -127 to 127."""
    return data.ArrayLayout(signed(8), LANES)


def packed_weights_layout() -> data.ArrayLayout:
    """Half a block of the left column, and of the right one, less 1 where the left one is negative."""
    return data.ArrayLayout(data.StructLayout({"left": signed(8), "right": signed(8)}), LANES)


class MXINT8Pair(wiring.Component):
    """``total[c] = (first ? 0 : total[c]) + floor(dot(a, b[c]) * 2**fraction_bits / 2**distance)``.

    Two neighbours of one row, each as ``perf.baselines.mxint8.MXINT8Element``, 32 products per cycle. A DSP
    block multiplies an activation by the weights of both columns, 18 bits apart (AMD white paper WP486, Deep
    Learning with INT8 Optimization on Xilinx Devices), and cascades of 8 sum them: a larger sum would leave
    its field. An offset on each cascade keeps the lower field positive. Beside the blocks there are an
    addition per column and the accumulators.

    Latency from lane 0 to the low halves of ``total`` is ``latency`` cycles, to the high halves one more;
    throughput 32 products per cycle; no flow control.

    Parameters
    ----------
    fraction_bits, k_blocks:
        As for ``MXINT8Element``.
    target:
        One of ``hw.target.targets.TARGETS`` that has a multiplier.

    Members
    -------
    a_in, a_out: ``activations_layout``; b_in, b_out: ``packed_weights_layout``; lane n is n % 8 cycles late
    row_in, row_out: ``mxint8_steering_layout``, ``distance_delay`` and ``first_delay`` cycles after lane 0
    column_in, column_out: the distance of each column's block, ``distance_delay`` cycles after lane 0
    total: Out(width) x 2, bits ``low_bits`` and up one cycle after the rest
    """

    macs_per_pass = _COLUMNS * LANES
    modes = ("mxint8",)

    _dot_latency = 3 + _CHAIN
    distance_delay = _dot_latency - 1
    first_delay = _dot_latency + AlignedAccumulator.first_delay
    latency = 1 + _dot_latency + AlignedAccumulator.latency

    def __init__(self, *, fraction_bits: int = 13, k_blocks: int = 72, target: str = "generic_dsp"):
        check_multiplier(target)
        self.fraction_bits = fraction_bits
        self.k_blocks = k_blocks
        self.target = target
        self.width = total_bits(fraction_bits, k_blocks)
        self.low_bits = self.width // 2
        column = data.ArrayLayout(distance_bits(fraction_bits, DOT_BITS), _COLUMNS)
        members: dict[str, Any] = {"total": Out(self.width).array(_COLUMNS)}
        for name, shape in (
            ("a", activations_layout()),
            ("b", packed_weights_layout()),
            ("row", mxint8_steering_layout(fraction_bits)),
            ("column", column),
        ):
            members |= {f"{name}_in": In(shape), f"{name}_out": Out(shape)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Cycle 0: operands, as the neighbours get them.
        for name in ("a", "b", "row", "column"):
            m.d.comb += getattr(self, f"{name}_out").eq(delay(m, name, getattr(self, f"{name}_in"), 1))
        # Cycle 11: both cascades.
        sums = [self._cascade(m, f"sum{n}", range(n, n + _CHAIN)) for n in range(0, LANES, _CHAIN)]
        left = [Cat(p[: _FIELD - 1], ~p[_FIELD - 1]).as_signed() for p in sums]
        right = [p[_FIELD : 2 * _FIELD].as_signed() for p in sums]
        for c, (x, y) in enumerate((left, right)):
            m.submodules[f"accumulator_{c}"] = accumulator = AlignedAccumulator(
                fraction_bits=self.fraction_bits, width=self.width, dot_bits=DOT_BITS, target=self.target
            )
            distance = Signal.like(accumulator.distance, name=f"distance_{c}", reset_less=True)
            m.d.sync += distance.eq(self.row_out.distance + self.column_out[c])
            m.d.comb += [
                accumulator.dot.eq(delay(m, f"dot_{c}", x + y, 1)),
                accumulator.distance.eq(distance),
                accumulator.first.eq(self.row_out.first),
                self.total[c].eq(accumulator.total),
            ]
        return m

    def _cascade(self, m: Module, name: str, lanes: range) -> Any:
        """Sums of both columns over ``lanes``, three cycles after the last lane's operands."""
        p, cascade = Const(0, 1), None
        for lane in lanes:
            weights = self.b_out[lane]
            # The sign of the left one fills its field.
            left = Cat(weights.left, weights.left[-1].replicate(_FIELD - 8))
            p, cascade = multiply_add(
                m,
                f"{name}_{lane}",
                a=Cat(left, weights.right).as_signed(),
                double=Const(0, 1),
                b=self.a_out[lane],
                c=Const(0 if cascade is not None else _OFFSET, 48),
                cascade=cascade,
                target=self.target,
            )
        return p
