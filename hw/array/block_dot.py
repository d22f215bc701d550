"""The integer dot product of two 16-element blocks of 4-bit magnitudes."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import MX9, PASS_DOT_BITS, PASS_MAGNITUDE_BITS, SUBBLOCKS
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.targets import TARGETS, check_target

__all__ = ["BlockDot", "activation_layout", "weight_layout"]


def activation_layout() -> data.StructLayout:
    """A sub-block's two signs and magnitudes, the magnitudes doubled where the microexponent is 0."""
    return data.StructLayout(
        {
            "sign": MX9.subblock_size,
            "magnitude": data.ArrayLayout(PASS_MAGNITUDE_BITS + 1, MX9.subblock_size),
        }
    )


def weight_layout() -> data.StructLayout:
    """A sub-block's two signs and magnitudes, and its microexponent."""
    return data.StructLayout(
        {
            "sign": MX9.subblock_size,
            "magnitude": data.ArrayLayout(PASS_MAGNITUDE_BITS, MX9.subblock_size),
            "microexponent": 1,
        }
    )


class BlockDot(wiring.Component):
    """``dot = sum_j 2**(2 - ta_j - tb_j) * (a_2j * b_2j + a_2j+1 * b_2j+1)``.

    A product is two rows of two gated addends each. Signs and the weights' microexponents cost no
    logic of their own: they are inputs of the additions. A pair of products is added by their relative
    sign, and the addition to the running sum picks the pair or its double and negates it by the first
    sign. That takes five inputs per bit; where cells have four (ECP5), the pair is added with both
    products inverted by their signs, and the running sum makes up for the one that this lacks. The
    running sum is systolic: sub-block j arrives j cycles after sub-block 0, so nothing waits. Number
    formats: the microexponents of ISCA 2023, arXiv 2302.08007.

    Latency from sub-block 0 to ``dot`` is ``latency`` cycles, throughput one block pair per cycle; no
    flow control.

    Parameters
    ----------
    product_stages:
        Register stages in a product: 2, or 1 for a quarter fewer registers at a lower clock frequency.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    a: In, ``activation_layout()`` x 8; b: In, ``weight_layout()`` x 8; index j is j cycles late
    dot: Out(signed(15))
    """

    @staticmethod
    def latency_of(product_stages):
        """``latency`` with so many register stages in the products."""
        return 2 + product_stages + SUBBLOCKS - 1

    @property
    def latency(self):
        """Cycles from sub-block 0 to ``dot``."""
        return self.latency_of(self.product_stages)

    activation_layout = staticmethod(activation_layout)
    weight_layout = staticmethod(weight_layout)

    @staticmethod
    def activation_operand(subblock):
        """What the port ``a`` takes for a sub-block of ``activation_layout``."""
        return subblock

    @staticmethod
    def weight_operand(subblock):
        """What the port ``b`` takes for a sub-block of ``weight_layout``."""
        return subblock

    def __init__(self, *, product_stages=2, target="generic"):
        check_target(target)
        if product_stages not in (1, 2):
            raise ValueError(f"product_stages must be 1 or 2, not {product_stages!r}")
        self.product_stages = product_stages
        self.target = target
        super().__init__(
            {
                "a": In(activation_layout()).array(SUBBLOCKS),
                "b": In(weight_layout()).array(SUBBLOCKS),
                "dot": Out(signed(PASS_DOT_BITS)),
            }
        )

    def elaborate(self, platform):
        # Cycles as in ``ProcessingElement``: sub-block j is at the ports in cycle 1 + j.
        m = Module()
        total, largest = 0, 0
        for j in range(SUBBLOCKS):
            pair, most = self._pair(m, f"pair{j}", self.a[j], self.b[j])
            # Cycle 4 + j: onto the running sum of the sub-blocks before.
            late = self.product_stages + 1
            double = delay(m, f"double{j}", ~self.b[j].microexponent, late)
            sign = delay(m, f"sign{j}", self.a[j].sign[0] ^ self.b[j].sign[0], late)
            largest += 2 * most
            bits = largest.bit_length() + 1
            if self._four_inputs:
                total = self._register(
                    m,
                    f"total{j}",
                    CarryOp.PASS_SELECT,
                    bits,
                    a=total,
                    b=double,
                    c=Cat(sign, pair).as_signed(),
                    d=pair,
                    carry=sign,
                )
            else:
                total = self._register(
                    m,
                    f"total{j}",
                    CarryOp.PASS_SELECT_XOR,
                    bits,
                    a=total,
                    b=double,
                    c=Cat(0, pair).as_signed(),
                    d=pair,
                    e=sign,
                    carry=sign,
                )
        m.d.comb += self.dot.eq(total)
        return m

    @property
    def _four_inputs(self):
        return TARGETS[self.target].adder_inputs == 4

    def _pair(self, m, name, a, b):
        """The sum of two products, ``product_stages`` and one cycles later, and its largest value.

        Inverted if the first product is negative, or with four inputs short of the first sign.
        """
        # Cycles 1 + j and 2 + j: products. Cycle 3 + j: their sum or difference.
        signs = a.sign ^ b.sign
        (p0, most), (p1, _) = (
            self._product(m, f"{name}_product{i}", a.magnitude[i], b.magnitude[i])
            for i in range(MX9.subblock_size)
        )
        bits = (2 * most).bit_length() + 1
        if self._four_inputs:
            first, second = delay(m, f"{name}_signs", signs, self.product_stages)
            pair = self._register(m, name, CarryOp.XOR_XOR, bits, a=p0, b=first, c=p1, d=second, carry=second)
        else:
            subtract = delay(m, f"{name}_subtract", signs[0] ^ signs[1], self.product_stages)
            pair = self._register(m, name, CarryOp.PASS_XOR, bits, a=p0, c=p1, d=subtract, carry=subtract)
        return pair, 2 * most

    def _product(self, m, name, a, b):
        """``a * b`` by two rows of two gated addends, ``product_stages`` cycles later; its largest value."""
        # Cycle 1 + j: the rows. Cycle 2 + j, or with one stage the same: their sum.
        make = self._register if self.product_stages == 2 else self._sum
        rows = [
            make(m, f"{name}_row{j // 2}", CarryOp.AND_AND, len(a) + 2, a=a, b=b[j], c=Cat(0, a), d=b[j + 1])
            for j in range(0, len(b), 2)
        ]
        most = ((1 << len(b)) - 1) ** 2 << (len(a) - len(b))
        low = delay(m, f"{name}_low", rows[0][:2], 1)
        high = self._register(
            m,
            f"{name}_high",
            CarryOp.PASS_XOR,
            most.bit_length() - 2,
            a=rows[0].as_unsigned()[2:],
            c=rows[1].as_unsigned(),
        )
        return Cat(low, high), most

    def _register(self, m, name, op, bits, **terms):
        """``carry_sum`` one cycle later, as a signed value."""
        result = Signal(signed(bits), name=name, reset_less=True)
        m.d.sync += result.eq(self._sum(m, name, op, bits, **terms))
        return result

    def _sum(self, m, name, op, bits, **terms):
        return carry_sum(m, f"{name}_sum", op, bits, target=self.target, **terms)
