"""Results that cannot be held: how the driver tells, and softmax of logits of any size."""

import numpy as np
import pytest

from golden import MX9, dequantize, matmul, quantize
from golden.engine import (
    REGISTERS,
    MemoryFormat,
    quantize_rows,
)
from golden.functions import divide_by_column, exponential
from mixdit.driver import Gemm, ModelPort
from verif.mixdit.driver.operands import PARAMETERS, A, B, random_rows, same
from verif.mixdit.driver.ports import QueuedPort


@pytest.mark.parametrize("size", [1, 100])
def test_softmax_of_logits_of_any_size(gemm, size):
    """The fast one says when it does not fit; then exponentials of rows do, bit for bit golden's steps."""
    q, k = (quantize(size * random_rows(n, 21, 24), MX9) for n in (11, 12))
    values = quantize(np.concatenate([random_rows(13, 24, 21), np.ones((1, 21), np.float32)]), MX9)
    left, right, last = (gemm.store(x) for x in (q, k, values))
    logits, p = gemm.empty((21, 21), MemoryFormat.BINARY32), gemm.empty((21, 21), MX9)
    sums, result = gemm.empty((21, 25), MemoryFormat.BINARY32), gemm.empty((21, 24), MemoryFormat.BINARY32)

    def divided():
        gemm.product(p, last, sums)
        gemm.wait(gemm.reorder(sums, result, divide=True))
        return gemm.load(result)

    gemm.product(left, right, p, function="exp2")
    fast = divided()
    assert gemm.out_of_range == (size == 100)
    gemm.clear_out_of_range()
    assert not gemm.out_of_range
    gemm.product(left, right, logits)
    gemm.reorder(logits, p, norm="exponential", epsilon=7)
    slow = divided()
    assert not gemm.out_of_range
    weights = quantize_rows(exponential(matmul(q, k, k_blocks=4)), MemoryFormat.MX9)
    totals = matmul(weights, values, k_blocks=4)
    assert same(slow, divide_by_column(totals[:, :24], totals[:, 24:]))
    exact = dequantize(q).astype(float) @ dequantize(k).T
    exact = 2.0 ** (exact - exact.max(1, keepdims=True))
    exact = exact / exact.sum(1, keepdims=True) @ dequantize(values)[:-1].T
    assert np.abs(slow - exact).max() < 0.05
    assert (np.abs(fast - exact).max() < 0.05) == (size == 1)


def test_what_is_out_of_range_stays_until_it_is_cleared(gemm):
    """Waits do not clear it, nor other jobs; a reset does. It wakes nobody."""
    x = gemm.store(np.full((3, 16), np.inf, np.float32))
    d, one = gemm.empty((3, 16), MX9), gemm.store(np.ones((1, 16), np.float32))
    for forget in (gemm.clear_out_of_range, gemm.reset):
        gemm.wait(gemm.reorder(x, d))
        assert not gemm.out_of_range
        gemm.wait(gemm.reorder(x, d, norm="exponential"))
        gemm.wait(gemm.reorder(one, d.rows(0, 1), norm="rms"))
        gemm.matmul(A, B["MX6"])
        assert gemm.out_of_range
        assert not gemm.port.read32(REGISTERS["INTERRUPT_ENABLE"].offset) & 8
        forget()
        assert not gemm.out_of_range


def test_a_wait_does_not_clear_what_is_out_of_range():
    """On a port whose jobs run while somebody waits, so that events are taken."""
    gemm = Gemm(QueuedPort(PARAMETERS, size=1 << 20))
    d, rows = gemm.empty((3, 16), MX9), [np.full((3, 16), value, np.float32) for value in (np.inf, 1)]
    bad, good = map(gemm.store, rows)
    for x in (bad, good, good):
        gemm.reorder(x, d, norm="exponential")
    gemm.wait()
    assert gemm.out_of_range
    gemm.clear_out_of_range()
    gemm.wait(gemm.reorder(good, d, norm="exponential"))
    assert not gemm.out_of_range


def test_an_engine_that_does_not_tell():
    """Registers of version 1.2."""
    port = ModelPort(PARAMETERS)
    port._words["VERSION"] -= 1
    gemm = Gemm(port)
    x, d = gemm.store(np.ones((1, 16), np.float32)), gemm.empty((1, 16), MX9)
    for call in (
        lambda: gemm.out_of_range,
        gemm.clear_out_of_range,
        lambda: gemm.reorder(x, d, norm="exponential"),
    ):
        with pytest.raises(ValueError, match=r"must be for engines with registers from version 1\.3 on"):
            call()
    gemm.wait(gemm.reorder(x, d, norm="layer"))
