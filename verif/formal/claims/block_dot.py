"""Claims about ``hw.array.block_dot``: its products, and each addition to the running sum.

All of them together say what the dot product is: products are exact and at most ``_LARGEST``, the sum before
the first sub-block is 0, and each addition to a sum that is in range is exact and leaves it in range.
"""

from itertools import product

from amaranth.hdl import Cat, signed

from golden.formats import MX9, SUBBLOCKS
from hw.array.block_dot import BlockDot
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_STAGES = (1, 2)
"""Register stages that a product may have."""

_LARGEST = 2 * 15 * 15
"""Product of the largest magnitudes, one of them doubled."""

_LOW_BITS = 2
"""Bits of a product that have a register of their own."""

_PAIR = range(MX9.subblock_size)


class _Dot:
    """A block dot, and what its registers hold."""

    def __init__(self, bench, stages):
        self._bench = bench
        self.unit = bench.unit(BlockDot(product_stages=stages))
        for j in range(SUBBLOCKS):
            for magnitude in self.unit.a[j].magnitude:
                bench.assume(magnitude <= 30)

    def product(self, j, i, *, cut=False):
        """A product's two registers, which may hold anything if they are ``cut``."""
        name = f"unit.pair{j}_product{i}"
        show = self._bench.cut if cut else self._bench.inside
        low = show(f"{name}_low_1", _LOW_BITS)
        return Cat(low, show(f"{name}_high", _LARGEST.bit_length() - _LOW_BITS))

    def total(self, j, *, cut=False):
        """The running sum after sub-block ``j``."""
        show = self._bench.cut if cut else self._bench.inside
        return show(f"unit.total{j}", signed(_most(j).bit_length() + 1))


def _most(j):
    """The largest sum of sub-blocks 0 to ``j``."""
    return 2 * 2 * _LARGEST * (j + 1)


def _products(stages):
    """Every product of two magnitudes, the first one of which may be doubled."""

    def build(bench):
        dot = _Dot(bench, stages)
        for j in range(SUBBLOCKS):
            for i in _PAIR:
                a = bench.ago(f"a_{j}_{i}", dot.unit.a[j].magnitude[i], stages)
                b = bench.ago(f"b_{j}_{i}", dot.unit.b[j].magnitude[i], stages)
                made = dot.product(j, i)
                bench.claim(f"product {j} {i}", (made == a * b) & (made <= _LARGEST))

    return build


def _sums(stages, subblocks):
    """The running sum before, and the sub-block's two products with their signs and microexponent."""

    def build(bench):
        dot = _Dot(bench, stages)
        for j in subblocks:
            # The sub-block came ``stages`` and two cycles ago, its products are two old.
            sign = bench.ago(f"sign_{j}", dot.unit.a[j].sign ^ dot.unit.b[j].sign, stages + 2)
            half = bench.ago(f"half_{j}", dot.unit.b[j].microexponent, stages + 2)
            before = bench.ago(f"before_{j}", dot.total(j - 1, cut=True), 1) if j else 0
            sizes = [bench.ago(f"size_{j}_{i}", dot.product(j, i, cut=True), 2) for i in _PAIR]
            right = Cat(size <= _LARGEST for size in sizes).all()
            if j:
                right = right & (before <= _most(j - 1)) & (before >= -_most(j - 1))
            made = dot.total(j)
            in_range = (made <= _most(j)) & (made >= -_most(j))
            # Case by case there are only additions to compare.
            for negative, halved in product(product((0, 1), repeat=2), (0, 1)):
                here = right & (sign == negative[0] + 2 * negative[1]) & (half == halved)
                total = before
                for size, minus in zip(sizes, negative, strict=True):
                    term = size if halved else size << 1
                    total = total - term if minus else total + term
                name = f"sum {j} {negative[0]}{negative[1]}{halved}"
                bench.claim(name, ~here | ((made == total) & in_range))
            if j == SUBBLOCKS - 1:
                bench.claim("dot", dot.unit.dot == made)

    return build


def _claims(stages):
    unit = f"BlockDot, product stages {stages}"
    return [
        Claim(
            unit=unit,
            text="every product",
            build=_products(stages),
            method=AnyState(stages),
            mutants=(Edit("both addends are the same", BlockDot, "_product", "c=Cat(0, a)", "c=a"),),
        ),
        *(
            Claim(
                unit=unit,
                text=f"every addition to the running sum, sub-blocks {', '.join(map(str, subblocks))}",
                build=_sums(stages, subblocks),
                method=AnyState(stages + 2),
                quick=False,
                mutants=(
                    Edit("one sign of two", BlockDot, "_pair", "signs[0] ^ signs[1], self", "signs[0], self"),
                    Edit("inverts t", BlockDot, "elaborate", "~self.b[j].micro", "self.b[j].micro"),
                ),
            )
            for subblocks in (range(0, SUBBLOCKS, 2), range(1, SUBBLOCKS, 2))
        ),
    ]


CLAIMS = [claim for stages in _STAGES for claim in _claims(stages)]
