"""Passes of the array: the rule, against pairs of passes counted one by one."""

import itertools

import pytest
import torch

from golden import MX4, MX6, MX9, quantize
from golden.passes import split_passes
from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear
from mixdit.plan.array_passes import Product, array_passes, head_products, linear_product
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import LinearPlan
from mixdit.quality.pass_count import count_passes

FORMATS = (MX4, MX6, MX9)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(FORMATS, FORMATS)))
def test_pairs_of_passes(a, b):
    """As golden splits operands: of each k-block every pass of A meets every pass of B."""
    x = torch.randn(1, 40, generator=torch.Generator().manual_seed(0)).numpy()
    left, right = (split_passes(quantize(x, fmt)).blocks.tolist() for fmt in (a, b))
    pairs = sum(left.count(block) * right.count(block) for block in range(3))
    assert array_passes(Product(rows=5, columns=7, a=(a,) * 3, b=(b,) * 3, count=2)) == 2 * 5 * 7 * pairs


def test_a_linear_layer_pays_for_its_high_blocks_and_its_output():
    for high_blocks, weight, of_row in ((0, MX6, 3), (1, MX6, 4), (3, MX4, 6), (1, MX9, 8)):
        plan = LinearPlan(in_features=40, high_blocks=high_blocks, weight=weight)
        assert array_passes(linear_product(plan, 12, tokens=10)) == 10 * 12 * of_row


@pytest.mark.parametrize(
    ("formats", "scores", "sums"),
    [
        (HeadFormats(MX6, MX6, MX6, MX6), 1, 1),
        (HeadFormats(MX9, MX6, MX6, MX6), 2, 1),
        (HeadFormats(MX6, MX9, MX9, MX6), 2, 2),
        (HeadFormats(MX9, MX9, MX6, MX9), 4, 2),
        (HeadFormats(MX9, MX9, MX9, MX9), 4, 4),
    ],
)
def test_heads_pay_for_each_operand(formats, scores, sums):
    """Blocks along 24 channels are 2, along 33 keys 3."""
    products = head_products(formats, tokens=10, keys=33, width=24, value_width=20, count=2)
    assert list(map(array_passes, products)) == [2 * 10 * 33 * 2 * scores, 2 * 10 * 20 * 3 * sums]


def test_passes_of_a_model_are_counted():
    linear = torch.nn.Linear(40, 12)
    mixed = MXLinear(linear, LinearPlan(in_features=40, high_blocks=1))
    heads = MXAttention([MX6, HeadFormats(MX6, MX6, MX9, MX6)])
    attended = [torch.randn(2, 2, n, 24) for n in (10, 33, 33)]
    with count_passes(torch.nn.ModuleList([mixed, heads])) as count:
        assert count.ratio is None
        mixed(torch.randn(2, 5, 40))
        heads(*attended)
    scores, sums = 10 * 33 * 2 * 2, 10 * 24 * 3 * 2
    assert count.in_mx6 == 10 * 12 * 3 + 2 * (scores + sums)
    assert count.passes == 10 * 12 * 4 + 2 * (scores + sums) + sums
    with count_passes(mixed) as after:
        pass
    mixed(torch.randn(2, 5, 40))  # counted no more
    assert after.ratio is None


def test_formats_of_run_time_are_counted_as_they_were_chosen():
    layer = MXLinear(torch.nn.Linear(32, 4), LinearPlan(in_features=32, threshold=1.5))
    x = torch.ones(2, 3, 32)
    x[0, 0, 0] = x[1, 1, 20] = x[1, 2, 31] = 2
    with count_passes(layer) as count:
        layer(x)
    assert count.ratio == pytest.approx(1 + 3 / 12)
