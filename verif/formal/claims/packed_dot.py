"""Claims about ``hw.array.packed_dot``: operands, products of both elements, and each addition to the sum.

After sub-block ``j`` the sum is ``2**12 + low + middle * 2**13``, modulo what counts of it, with ``low``
small enough to be rounded away. That follows from the same of the sub-block before, and says what the
dot product is.
"""

from amaranth.hdl import Cat, Const, signed

from golden.formats import PASS_DOT_BITS, PASS_MAGNITUDE_BITS, SUBBLOCKS
from hw.array import packed_dot, packed_operand
from hw.array.block_dot import activation_layout, weight_layout
from hw.array.packed_dot import PackedDot
from hw.array.packed_operand import FIELD_BITS, packed_value
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_B_MOST = (1 << PASS_MAGNITUDE_BITS) - 1
_A_MOST = 2 * _B_MOST
_MOST = 2 * _A_MOST * _B_MOST
"""Largest magnitudes: of a weight's element, of an activation's, which may be doubled, of twice a product."""

_GROUP = SUBBLOCKS // 2
_TOP = 2 * FIELD_BITS
_HALF = 1 << FIELD_BITS - 1


class _Elements:
    """The elements of sub-block ``j`` that came ``cycles`` ago, and the three sums that their product has."""

    def __init__(self, bench, unit, j, cycles):
        a, b = bench.ago(f"a{j}", unit.a[j], cycles), bench.ago(f"b{j}", unit.b[j], cycles)
        first_a, second_a = _pair(a)
        second_b, first_b = _pair(b)
        self.right = Cat(
            (x <= most) & (x >= -most)
            for x, most in ((first_a, _A_MOST), (second_a, _A_MOST), (first_b, _B_MOST), (second_b, _B_MOST))
        ).all()
        twice = ~b.microexponent
        self.low, self.middle, self.high = (
            total << twice
            for total in (first_a * second_b, first_a * first_b + second_a * second_b, second_a * first_b)
        )

    @property
    def product(self):
        return self.low + (self.middle << FIELD_BITS) + (self.high << _TOP)


def _pair(operand):
    """Elements in the low and in the high field."""
    return operand.low, operand.high + operand.low[-1]


def _operands(bench):
    """What packed operands are worth."""
    for name, layout, pack, (low, high) in (
        ("activation", activation_layout(), PackedDot.activation_operand, (0, 1)),
        ("weight", weight_layout(), PackedDot.weight_operand, (1, 0)),
    ):
        subblock = layout(bench.any(name, layout))
        signed_elements = [
            (size ^ minus.replicate(len(size) + 1)).as_signed() + minus
            for size, minus in zip(subblock.magnitude, subblock.sign, strict=True)
        ]
        packed = getattr(PackedDot, f"{name}_layout")()(pack(subblock))
        worth = signed_elements[low] + (signed_elements[high] << FIELD_BITS)
        bench.claim(f"{name} as a number", packed_value(packed) == worth)
        pair = Cat(part == signed_elements[n] for part, n in zip(_pair(packed), (low, high), strict=True))
        bench.claim(f"{name} as elements", pair.all())
        if name == "weight":
            bench.claim("microexponent", packed.microexponent == subblock.microexponent)


def _late(j):
    """Cycles that a sub-block waits: those after the cut wait for it."""
    return int(j >= _GROUP)


def _products(bench):
    """The factors, and their product. Multiplied out, that is `_Elements.product`."""
    unit = bench.unit(PackedDot())
    for j in range(SUBBLOCKS):
        a, b = (
            bench.ago(f"{name}{j}", port[j], 1 + _late(j)) for name, port in (("a", unit.a), ("b", unit.b))
        )
        factor, other = bench.inside(f"unit.total{j}_factor", 20), bench.inside(f"unit.total{j}_other", 18)
        bench.claim(f"factor {j}", factor.as_signed() == packed_value(a) << ~b.microexponent)
        bench.claim(f"other {j}", other.as_signed() == packed_value(b))
        product = bench.register(f"product_{j}", (factor.as_signed() * other.as_signed()).as_unsigned())
        bench.claim(f"product {j}", bench.inside(f"unit.total{j}_product", 38) == product)


def _sums(subblocks):
    """The sum before, and the sub-block's product."""

    def build(bench):
        unit = bench.unit(PackedDot())
        for j in subblocks:
            elements = _Elements(bench, unit, j, 3 + _late(j))
            product = bench.register(f"product_{j}", bench.cut(f"unit.total{j}_product", signed(38)))
            right = elements.right & (product == elements.product)
            low, middle = Const(0), Const(0)
            if j:
                before = bench.ago(f"before_{j}", bench.cut(f"unit.total{j - 1}", 48), 1 + (j == _GROUP))
                low, middle = bench.any(f"low_{j}", signed(FIELD_BITS)), bench.any(f"middle_{j}", signed(15))
                right &= _holds(j - 1, before, low, middle)
            low = elements.low if j == _GROUP else low + elements.low
            made = bench.inside(f"unit.total{j}", 48)
            bench.claim(f"sum {j}", ~right | _holds(j, made, low, middle + elements.middle))
            if j == SUBBLOCKS - 1:
                bench.claim("dot", ~right | (unit.dot == middle + elements.middle))

    return build


def _holds(j, total, low, middle):
    """``total`` after sub-block ``j`` is made of ``low`` and ``middle``, which are within their bounds."""
    counts = FIELD_BITS + PASS_DOT_BITS - 1 + _late(j)
    least = (total - _HALF - low - (middle << FIELD_BITS))[:counts] == 0
    lows, middles = _MOST * (j % _GROUP + 1), 2 * _MOST * (j + 1)
    return least & (low <= lows) & (low >= -lows) & (middle <= middles) & (middle >= -middles)


CLAIMS = [
    Claim(
        unit="PackedDot",
        text="operands: both elements, and the number they are",
        build=_operands,
        method=AnyState(),
        mutants=(
            Edit(
                "no borrow", packed_operand, "_packed", "subblock.sign[high] ^ borrow", "subblock.sign[high]"
            ),
            Edit("never a step", packed_operand, "_signed", "(step & ~padded[:i].any())", "step"),
        ),
    ),
    Claim(
        unit="PackedDot",
        text="every product, doubled where the microexponent is 0",
        build=_products,
        method=AnyState(3),
        mutants=(
            Edit("not doubled", PackedDot, "elaborate", "~b.microexponent", "0"),
            Edit("a cycle early", PackedDot, "elaborate", "extra_cycles=late", "extra_cycles=0"),
        ),
    ),
    *(
        Claim(
            unit="PackedDot",
            text=f"every addition to the sum, sub-blocks {', '.join(map(str, subblocks))}",
            build=_sums(subblocks),
            method=AnyState(4),
            mutants=mutants,
        )
        for subblocks, mutants in (
            (
                range(0, SUBBLOCKS, 2),
                (
                    Edit("cut, not rounded", PackedDot, "elaborate", "1 << (FIELD_BITS - 1) if", "0 if"),
                    Edit("positive after the cut", PackedDot, "elaborate", "total[_TOP])", "0)"),
                ),
            ),
            (
                range(1, SUBBLOCKS, 2),
                (
                    Edit(
                        "half of the high field cancels",
                        packed_dot,
                        "_minus_high_field",
                        "twos ^ odd",
                        "twos",
                    ),
                    Edit(
                        "nothing cancels before the cut",
                        PackedDot,
                        "elaborate",
                        "[: 1 + late], 1 +",
                        "[: late], 1 +",
                    ),
                ),
            ),
        )
    ),
]
