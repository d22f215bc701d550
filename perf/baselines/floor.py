"""The least that any element with 4-bit magnitudes needs: its products and their sum."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, PASS_MAGNITUDE_BITS
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.targets import check_target

__all__ = ["Floor"]


class Floor(wiring.Component):
    """``sum = sum_i a_i * b_i`` of 16 unsigned 4-bit pairs: no signs, no microexponents, no accumulator.

    Products and sums are made of the same adders as the array's element.

    Latency ``latency`` cycles, throughput 16 products per cycle; no flow control.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    a, b: In(4) x 16
    sum: Out(12)
    """

    latency = 7
    macs_per_pass = BLOCK_SIZE
    modes = ("mx6xmx6",)

    def __init__(self, *, target: str = "generic"):
        check_target(target)
        self.target = target
        super().__init__(
            {
                "a": In(data.ArrayLayout(unsigned(PASS_MAGNITUDE_BITS), BLOCK_SIZE)),
                "b": In(data.ArrayLayout(unsigned(PASS_MAGNITUDE_BITS), BLOCK_SIZE)),
                "sum": Out(2 * PASS_MAGNITUDE_BITS + 4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = []
        for i in range(BLOCK_SIZE):
            a, b = delay(m, f"a{i}", self.a[i], 1), delay(m, f"b{i}", self.b[i], 1)
            rows = [
                self._sum(
                    m,
                    f"product{i}_row{j}",
                    CarryOp.AND_AND,
                    PASS_MAGNITUDE_BITS + 2,
                    a=a,
                    b=b[2 * j],
                    c=Cat(0, a),
                    d=b[2 * j + 1],
                )
                for j in range(2)
            ]
            high = self._sum(
                m, f"product{i}", CarryOp.PASS_XOR, PASS_MAGNITUDE_BITS + 2, a=rows[0][2:], c=rows[1]
            )
            values.append(Cat(delay(m, f"product{i}_low", rows[0][:2], 1), high))
        level = 0
        while len(values) > 1:
            pairs = zip(values[::2], values[1::2], strict=True)
            values = [
                self._sum(m, f"sum{level}_{i}", CarryOp.PASS_XOR, len(x) + 1, a=x, c=y)
                for i, (x, y) in enumerate(pairs)
            ]
            level += 1
        m.d.comb += self.sum.eq(values[0])
        return m

    def _sum(self, m: Module, name: str, operation: CarryOp, width: int, **operands: Any) -> Signal:
        """A registered sum."""
        total = carry_sum(m, f"{name}_next", operation, width, target=self.target, **operands)
        return delay(m, name, total, 1)
