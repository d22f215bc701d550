"""What products meet on their way to memory: scale, bias, functions, gates, old D; softmax of such jobs."""

import numpy as np
import pytest

from golden import MX6, MX9, add_binary32, dequantize, matmul, quantize
from golden.engine import (
    MemoryFormat,
    quantize_rows,
)
from golden.functions import divide_by_column, exp2, gelu, multiply17, silu
from verif.mixdit.driver.operands import A, B, random_rows, same


@pytest.mark.parametrize(("name", "function"), [("exp2", exp2), ("gelu", gelu), ("silu", silu)])
def test_functions_of_results(gemm, name, function):
    bias = random_rows(4, 33)
    exact = add_binary32(matmul(A, B["MX6"], k_blocks=4), np.broadcast_to(bias, (5, 33)))
    assert same(gemm.matmul(A, B["MX6"], bias=bias, function=name), function(exact))
    d = gemm.empty((5, 33), MX6)
    gemm.wait(gemm.product(gemm.store(A), gemm.store(B["MX6"]), d, function=name))
    expected = quantize_rows(function(matmul(A, B["MX6"], k_blocks=4)), MemoryFormat.MX6)
    assert same(gemm.load(d), expected)


def test_gates(gemm):
    bias, gate = random_rows(4, 33), random_rows(7, 33)
    exact = matmul(A, B["MX6"], k_blocks=4)
    assert same(gemm.matmul(A, B["MX6"], gate=gate), multiply17(exact, gate))
    gated = multiply17(add_binary32(exact, np.broadcast_to(bias, (5, 33))), gate)
    assert same(gemm.matmul(A, B["MX6"], bias=bias, gate=gate), gated)
    old = random_rows(8, 5, 33)
    d, vectors = gemm.store(old), gemm.store(np.stack([bias, gate]))
    a, b = gemm.store(A), gemm.store(B["MX6"])
    gemm.wait(gemm.product(a, b, d, bias=vectors.rows(0, 1), gate=vectors.rows(1, 2), accumulate=True))
    assert same(gemm.load(d), add_binary32(gated, old))


@pytest.mark.parametrize("by_row", [False, True], ids=["row", "column"])
@pytest.mark.parametrize(("name", "function"), [(None, lambda x: x), ("exp2", exp2), ("gelu", gelu)])
def test_everything_at_once(gemm, by_row, name, function):
    scale, bias, gate = random_rows(9, 33), random_rows(4, 33), random_rows(7, 5 if by_row else 33)
    values = multiply17(matmul(A, B["MX6"], k_blocks=4), scale)
    values = function(add_binary32(values, np.broadcast_to(bias, (5, 33))))
    values = multiply17(values, gate[:, None] if by_row else gate)
    given = gate[:, None] if by_row else gate
    assert same(gemm.matmul(A, B["MX6"], scale=scale, bias=bias, function=name, gate=given), values)
    old = random_rows(8, 5, 33)
    a, b, d = gemm.store(A), gemm.store(B["MX6"]), gemm.store(old)
    vectors = gemm.store(np.concatenate([scale, bias, gate])[None])
    gates = vectors.columns(66, vectors.shape[1])
    gemm.product(
        a, b, d, scale=vectors.columns(0, 33), bias=vectors.columns(33, 66), function=name,
        gate=gates.as_column() if by_row else gates, accumulate=True,
    )  # fmt: skip
    assert same(gemm.load(d), add_binary32(values, old))


def test_a_column_in_memory_is_a_gate_by_row(gemm):
    gate = random_rows(7, 5, 1)
    a, b, d = gemm.store(A), gemm.store(B["MX6"]), gemm.empty((5, 33), MemoryFormat.BINARY32)
    gemm.product(a, b, d, gate=gemm.store(gate))
    assert same(gemm.load(d), multiply17(matmul(A, B["MX6"], k_blocks=4), gate))


def test_attention_without_the_host(gemm):
    """Softmax by ones: 2^(Q K^T), that times [V, 1], and the division, bit for bit golden's steps."""
    q, k = (quantize(random_rows(n, 21, 24), MX9) for n in (11, 12))
    v = np.concatenate([random_rows(13, 24, 21), np.ones((1, 21), np.float32)])
    values = quantize(v, MX9)
    p, sums, result = (
        gemm.empty((21, 21), MX9),
        gemm.empty((21, 25), MemoryFormat.BINARY32),
        gemm.empty((21, 24), MX6),
    )
    gemm.product(gemm.store(q), gemm.store(k), p, function="exp2")
    gemm.product(p, gemm.store(values), sums)
    gemm.wait(gemm.reorder(sums, result, divide=True))
    weights = quantize_rows(exp2(matmul(q, k, k_blocks=4)), MemoryFormat.MX9)
    totals = matmul(weights, values, k_blocks=4)
    expected = quantize_rows(divide_by_column(totals[:, :24], totals[:, 24:]), MemoryFormat.MX6)
    assert same(gemm.load(result), expected)
    logits = dequantize(q).astype(float) @ dequantize(k).T
    exact = 2.0**logits / (2.0**logits).sum(1, keepdims=True) @ v[:-1].T
    assert np.abs(dequantize(gemm.load(result)) - exact).max() < 0.05 * np.abs(exact).max()
