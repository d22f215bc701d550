"""The integer dot product of two 16-element blocks of 4-bit magnitudes."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, MX9, PASS_DOT_BITS, PASS_MAGNITUDE_BITS
from hw.carry_sum import CarryOp, carry_sum, check_target
from hw.delay import delay

__all__ = ["QUADS", "BlockDot", "activation_quad_layout", "weight_quad_layout"]

QUAD = 2 * MX9.subblock_size
"""Elements of a quad, two sub-blocks: the unit in which operands travel through the array."""

QUADS = BLOCK_SIZE // QUAD
"""Quads of a block."""


def activation_quad_layout() -> data.StructLayout:
    """Four signs and magnitudes, the magnitudes doubled where the microexponent is 0."""
    return data.StructLayout({
        "sign": QUAD,
        "magnitude": data.ArrayLayout(PASS_MAGNITUDE_BITS + 1, QUAD),
    })


def weight_quad_layout() -> data.StructLayout:
    """Four signs and magnitudes, and the microexponents of the two sub-blocks."""
    return data.StructLayout({
        "sign": QUAD,
        "magnitude": data.ArrayLayout(PASS_MAGNITUDE_BITS, QUAD),
        "microexponent": QUAD // MX9.subblock_size,
    })


class BlockDot(wiring.Component):
    """``(-1)**negate * dot = sum_j 2**(2 - ta_j - tb_j) * (a_2j * b_2j + a_2j+1 * b_2j+1)``.

    A product is two rows of two gated addends each; signs never touch a product: every addition is
    an addition or a subtraction by the *relative* sign of its operands (first of a quad's leader,
    then of the quads), and the sign of element 0 is left over as ``negate``. A sub-block's shift by
    the weight's microexponent is a multiplexer for the first sub-block of a quad, and part of the
    adder for the second. Number formats: the microexponents of ISCA 2023, arXiv 2302.08007.

    Latency is ``latency`` cycles, throughput one block pair per cycle; no flow control.

    Parameters
    ----------
    target:
        One of ``hw.carry_sum.TARGETS``.

    Members
    -------
    a: In, ``activation_quad_layout()`` x 4
    b: In, ``weight_quad_layout()`` x 4
    dot: Out(signed(15)), the sum relative to the sign of element 0
    negate: Out(1), the sign of element 0's product
    """

    latency = 7

    def __init__(self, *, target="generic"):
        check_target(target)
        self.target = target
        super().__init__({
            "a": In(activation_quad_layout()).array(QUADS),
            "b": In(weight_quad_layout()).array(QUADS),
            "dot": Out(signed(PASS_DOT_BITS)),
            "negate": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        signs = [self.a[q].sign ^ self.b[q].sign for q in range(QUADS)]
        relative = delay(m, "relative", Cat(
            Cat(sign[0] ^ sign[i] for i in range(1, QUAD)) for sign in signs), 2)
        shifts = delay(m, "microexponents", Cat(b.microexponent for b in self.b), 3)
        short = delay(m, "short", Cat(relative.word_select(q, QUAD - 1)[1] for q in range(QUADS)), 2)
        unshifted = delay(m, "unshifted", shifts[1::2], 1)
        sums = [
            self._quad(m, f"quad{q}", self.a[q].magnitude, self.b[q].magnitude,
                       relative.word_select(q, QUAD - 1), shifts[2 * q], short[q], unshifted[q])
            for q in range(QUADS)
        ]
        leaders = delay(m, "leaders", Cat(
            signs[0][0] ^ signs[1][0], signs[2][0] ^ signs[3][0], signs[0][0] ^ signs[2][0], signs[0][0]), 5)
        halves = [
            self._signed_sum(m, f"half{h}", PASS_DOT_BITS - 1, sums[2 * h], sums[2 * h + 1], leaders[h])
            for h in range(2)
        ]
        late = delay(m, "late_leaders", leaders[2:], 1)
        m.d.comb += [
            self.dot.eq(self._signed_sum(m, "total", PASS_DOT_BITS, *halves, late[0])),
            self.negate.eq(delay(m, "negate_late", late[1], 1)),
        ]
        return m

    def _quad(self, m, name, a, b, relative, shift, short, unshifted):
        """Four products summed relative to the first one's sign: signed(13), five cycles.

        ``relative`` are the other three's signs two cycles after the operands, ``shift`` and
        ``unshifted`` the sub-blocks' microexponents after three and four, ``short`` the relative sign
        of the third product after four.
        """
        products = [self._product(m, f"{name}_product{i}", a[i], b[i]) for i in range(QUAD)]
        bits = len(products[0]) + 2
        # The pairs: p0 +- p1, and +-p2 +- p3, the latter one short where p2 is subtracted.
        first = Signal(signed(bits), name=f"{name}_first", reset_less=True)
        second = Signal(signed(bits), name=f"{name}_second", reset_less=True)
        m.d.sync += [
            first.eq(self._sum(m, f"{name}_first_sum", CarryOp.PASS_XOR, bits,
                               a=products[0], c=products[1], d=relative[0], carry=relative[0])),
            second.eq(self._sum(m, f"{name}_second_sum", CarryOp.XOR_XOR, bits,
                                a=products[2], b=relative[1], c=products[3], d=relative[2], carry=relative[2])),
        ]
        # Shift by the weight's microexponent: the first pair here, the second inside the next adder.
        aligned = Signal(signed(bits + 1), name=f"{name}_aligned", reset_less=True)
        waiting = Signal(signed(bits), name=f"{name}_waiting", reset_less=True)
        total = Signal(signed(bits + 2), name=f"{name}_total", reset_less=True)
        m.d.sync += [
            aligned.eq(Mux(shift, first, first.shift_left(1))),
            waiting.eq(second),
            total.eq(self._sum(
                m, f"{name}_total_sum", CarryOp.PASS_SELECT, bits + 2,
                a=aligned, b=unshifted, c=waiting, d=Cat(short, waiting).as_signed(), carry=short,
            )),
        ]
        return total

    def _product(self, m, name, a, b):
        """``a * b`` by two rows of two gated addends: unsigned(9), two cycles."""
        bits = len(a) + 2
        rows = []
        for j in (0, 2):
            row = Signal(bits, name=f"{name}_row{j // 2}", reset_less=True)
            m.d.sync += row.eq(self._sum(m, f"{name}_row{j // 2}_sum", CarryOp.AND_AND, bits,
                                         a=a, b=b[j], c=Cat(0, a), d=b[j + 1]))
            rows.append(row)
        product = Signal(bits + 2, name=name, reset_less=True)
        high = self._sum(m, f"{name}_high_sum", CarryOp.PASS_XOR, bits, a=rows[0][2:], c=rows[1])
        m.d.sync += product.eq(Cat(rows[0][:2], high))
        return product

    def _signed_sum(self, m, name, bits, left, right, subtract):
        result = Signal(signed(bits), name=name, reset_less=True)
        m.d.sync += result.eq(self._sum(m, f"{name}_sum", CarryOp.PASS_XOR, bits,
                                        a=left, c=right, d=subtract, carry=subtract))
        return result

    def _sum(self, *args, **kwargs):
        return carry_sum(*args, target=self.target, **kwargs)
