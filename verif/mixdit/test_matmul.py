"""Exact products in torch against golden, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import golden
from golden import FORMATS, MX4, MX6, MX9, MXINT8, concat
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import prepare
from mixdit.tensors.quantize import fake_quantize, quantize
from verif.golden.samples import random_tensor
from verif.mixdit.compare import DEVICES, differing

BLOCKED = [MX4, MX6, MX9]


def mixed(rng: np.random.Generator, rows: int, exponents: tuple[int, int]) -> golden.Tensor:
    """Rows of K = 103: six full blocks and a part, in random formats."""
    parts = []
    for k in (32, 16, 32, 23):
        fmt = BLOCKED[int(rng.integers(3))]
        parts.append(random_tensor(rng, rows, k, fmt, exponents))
    return concat(parts)


def stack(tensors: list[golden.Tensor]) -> BlockTensor:
    ours = [BlockTensor.from_golden(t) for t in tensors]
    names = ("exponents", "microexponents", "elements")
    codes = (torch.stack([getattr(t, name) for t in ours]) for name in names)
    return BlockTensor(ours[0].formats, ours[0].k, *codes)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    low=st.integers(0, 250),
    spread=st.sampled_from([0, 3, 8, 20, 60, 250]),
    fraction_bits=st.integers(0, 30),
    k_blocks=st.sampled_from([None, 1, 3, 6]),
)
def test_any_codes(seed, rows, columns, low, spread, fraction_bits, k_blocks):
    rng = np.random.default_rng(seed)
    exponents = (low, min(255, low + spread))
    a, b = mixed(rng, rows, exponents), mixed(rng, columns, exponents)
    want = golden.matmul(a, b, fraction_bits=fraction_bits, k_blocks=k_blocks)
    ours = BlockTensor.from_golden(a), BlockTensor.from_golden(b)
    assert differing(matmul(*ours, fraction_bits=fraction_bits, k_blocks=k_blocks), want) == 0


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("spread", [0, 4, 9, 40])
def test_stacks_of_matrices(spread, device):
    rng = np.random.default_rng(spread)
    pairs = []
    for _ in range(6):
        lefts = [random_tensor(rng, 7, 70, fmt, (110, 110 + spread)) for fmt in (MX9, MX6)]
        pairs.append((lefts[0], random_tensor(rng, 9, 70, MX6, (115, 115 + spread // 2))))
    want = np.stack([golden.matmul(a, b) for a, b in pairs]).reshape(2, 3, 7, 9)
    a, b = (stack([pair[i] for pair in pairs]) for i in (0, 1))
    a, b = (
        BlockTensor(
            t.formats,
            t.k,
            *(c.to(device).unflatten(0, (2, 3)) for c in (t.exponents, t.microexponents, t.elements)),
        )
        for t in (a, b)
    )
    assert differing(matmul(a, b), want) == 0


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("other", BLOCKED, ids=str)
def test_every_pair_of_formats(fmt, other):
    rng = np.random.default_rng(0)
    scale = np.exp2(rng.integers(-9, 9, (2, 40, 1)))
    x, y = (rng.normal(size=(2, 40, 75)) * scale).astype(np.float32)
    want = golden.matmul(golden.quantize(x, fmt), golden.quantize(y, other))
    ours = quantize(torch.from_numpy(x), fmt), quantize(torch.from_numpy(y), other)
    assert differing(matmul(*ours), want) == 0


def test_nan_blocks_and_the_lowest_codes():
    rng = np.random.default_rng(1)
    a, b = mixed(rng, 20, (235, 255)), mixed(rng, 25, (240, 255))
    assert any(part.nan_blocks.any() for part in a.parts)
    want = golden.matmul(a, b)
    assert np.isnan(want).any()
    assert np.isinf(want).any()
    assert differing(matmul(BlockTensor.from_golden(a), BlockTensor.from_golden(b)), want) == 0


def test_tiles_cover_large_products():
    """Rows and columns of very different size: some outputs need floors, and tiles of them are several."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(900, 96)) * np.exp2(rng.integers(-12, 1, (900, 6))).repeat(16, 1)
    y = rng.normal(size=(700, 96)) * np.exp2(rng.integers(-6, 1, (700, 6))).repeat(16, 1)
    a = quantize(torch.from_numpy(x.astype(np.float32)), [MX9] * 2 + [MX6] * 4)
    b = quantize(torch.from_numpy(y.astype(np.float32)), MX6)
    left, right = prepare(a), prepare(b)
    hard = left.shifts.amax(1)[:, None] + right.shifts.amax(1) > 17
    assert 0.05 < hard.double().mean() < 0.95
    want = golden.matmul(a.to_golden(), b.to_golden())
    assert differing(matmul(left, right), want) == 0
    assert differing(matmul(a, right), want) == 0


def test_fast_is_a_binary32_product_of_the_values():
    x, y = torch.randn(3, 5, 40), torch.randn(3, 7, 40)
    got = matmul(quantize(x, MX6), quantize(y, MX9), mode="fast")
    assert torch.equal(got, fake_quantize(x, MX6) @ fake_quantize(y, MX9).mT)


def test_no_rows_and_no_columns():
    t = quantize(torch.zeros(2, 48), MX6)
    assert matmul(t[:0], t).shape == (0, 2)
    assert matmul(t, t[:0], k_blocks=1).shape == (2, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"b": quantize(torch.zeros(2, 47), MX6)}, r"a and b must be .*, not \(2, 48\) and \(2, 47\)"),
        ({"b": quantize(torch.zeros(3, 2, 48), MX6)}, r"a and b must be .*, not \(2, 48\) and \(3, 2, 48\)"),
        ({"mode": "int"}, "mode must be 'fast' or 'exact', not 'int'"),
        ({"k_blocks": 0}, "k_blocks must be at least 1, not 0"),
        ({"fraction_bits": -1}, "fraction_bits must be 0 or more .*, not -1"),
        ({"fraction_bits": 37}, "fraction_bits must be .*, not 37"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    t = quantize(torch.zeros(2, 48), MX6)
    with pytest.raises(ValueError, match=message):
        matmul(**({"a": t, "b": t} | changes))


def test_mixed_codes_with_mxint8_are_refused():
    parts = [golden.quantize(np.zeros(32, np.float32), fmt) for fmt in (MXINT8, MX6)]
    with pytest.raises(ValueError, match="MXINT8 shares a row with no other format"):
        BlockTensor.from_golden(concat(parts))
