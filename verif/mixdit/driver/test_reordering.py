"""Plans of channel orders: permutations, precise channels first, blocks from different banks."""

import numpy as np
import pytest

from golden import MX6, MX9, dequantize, matmul, quantize
from golden.engine import MemoryFormat, quantize_rows
from mixdit.driver import Reordering, plan_reordering


@pytest.mark.parametrize("channels", [1, 15, 16, 72, 100, 1152])
@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_plans(channels, balance, seed):
    rng = np.random.default_rng(seed)
    importance = rng.random(channels)
    blocks = int(rng.integers(0, -(-channels // 16) + 1))
    plan = plan_reordering(importance, blocks, balance=balance)
    assert sorted(plan.permutation) == list(range(channels))
    assert np.array_equal(plan.permutation[plan.inverse], np.arange(channels))
    head = plan.permutation[: 16 * blocks]
    if not balance and 0 < head.size < channels:
        assert importance[head].min() >= np.delete(importance, head).max()


def fewest_cycles(plan: Reordering, channels: int) -> int:
    """A bound that no order of the same halves beats: a bank gives one element per cycle."""
    total = 0
    for part in (plan.permutation[: 16 * plan.mx9_blocks], plan.permutation[16 * plan.mx9_blocks :]):
        banks = np.bincount(part % 16, minlength=16)
        total += max(-(-part.size // 16), int(banks.max()))
    return total


@pytest.mark.parametrize("seed", range(20))
def test_plans_take_few_cycles(seed):
    rng = np.random.default_rng(seed)
    channels = 16 * int(rng.integers(2, 80))
    plan = plan_reordering(rng.random(channels), int(rng.integers(0, channels // 16)))
    least = fewest_cycles(plan, channels)
    assert least <= plan.cycles <= least + 3
    balanced = plan_reordering(rng.random(channels), plan.mx9_blocks, balance=True)
    assert balanced.cycles == channels // 16


def test_outliers_in_one_bank():
    importance = np.zeros(256)
    importance[3::16] = 1 + np.arange(16)
    plan = plan_reordering(importance, 1)
    assert set(plan.permutation[:16]) == set(range(3, 256, 16))
    assert plan.cycles == 16 + 2 * 15  # the rest has 15 banks for blocks of 16
    assert plan_reordering(importance, 1, balance=True).cycles == 16


def test_folding_changes_no_product():
    """Rows of the producer and columns of the consumer in the same order: the same sums."""
    rng = np.random.default_rng(2)
    x, first, second = (rng.standard_normal(shape) for shape in ((4, 32), (64, 32), (8, 64)))
    plan = plan_reordering(np.abs(first).max(axis=1), 1)
    plain = x @ first.T @ second.T
    folded = x @ plan.producer(first).T @ plan.consumer(second).T
    assert np.allclose(plain, folded)


def test_planned_precision_helps():
    """With the outlier channels in MX9, the product is closer to the exact one."""
    rng = np.random.default_rng(3)
    x, weights = (rng.standard_normal((16, 256), dtype=np.float32) for _ in range(2))
    x[:, rng.choice(256, 12, replace=False)] *= 30
    exact = x.astype(np.float64) @ weights.T
    plan = plan_reordering(np.abs(x).max(axis=0), 1)

    def error(a, b):
        return np.linalg.norm(matmul(a, b) - exact) / np.linalg.norm(exact)

    mixed = quantize_rows(plan.consumer(x), MemoryFormat.MX6, 1)
    plain = error(quantize(x, MX6), quantize(weights, MX9))
    assert error(mixed, quantize(plan.consumer(weights), MX9)) < 0.5 * plain
    assert dequantize(mixed).shape == x.shape


@pytest.mark.parametrize(
    ("importance", "blocks", "message"),
    [
        ([], 0, "one number per channel"),
        ([[1.0]], 0, "one number per channel"),
        ([np.nan], 0, "must not be NaN"),
        ([1.0] * 20, 3, "mx9_blocks, for 20 channels, must be 0 to 2, not 3"),
    ],
)
def test_bad_plans(importance, blocks, message):
    with pytest.raises(ValueError, match=message):
        plan_reordering(importance, blocks)
