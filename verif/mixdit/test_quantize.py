"""Quantization in torch against golden, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import golden
from golden import FORMATS, MX4, MX6, MX9, MXINT8, concat
from mixdit.tensors import native
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.dynamic import fake_quantize_above
from mixdit.tensors.quantize import dequantize, fake_quantize, fake_quantize_mixed, mixed_formats, quantize
from verif.golden.samples import float_blocks
from verif.mixdit.compare import DEVICES, differing, same_codes

pytestmark = pytest.mark.usefixtures("fake_quantizer")

ALL = list(FORMATS.values())
BLOCKED = [MX4, MX6, MX9]


def check(x: np.ndarray, fmt: golden.Format, device: str = "cpu") -> None:
    want = golden.quantize(x, fmt)
    t = torch.from_numpy(x.copy()).to(device)
    assert differing(fake_quantize(t, fmt), golden.dequantize(want)) == 0
    codes = quantize(t, fmt)
    assert codes.shape == x.shape
    assert same_codes(codes, want)
    assert differing(dequantize(codes), golden.dequantize(want)) == 0


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_every_kind_of_block(fmt, device):
    blocks = float_blocks(fmt)
    for shape in ((-1,), blocks.shape, (1, -1, fmt.block_size), (4, -1)):
        check(blocks.reshape(shape), fmt, device)
    check(blocks.reshape(-1)[:1001].reshape(7, 11, 13), fmt, device)  # rows that end within a block


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_more_elements_than_a_chunk(fmt):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(700, 400)).astype(np.float32) * np.exp2(rng.integers(-140, 127, (700, 1)))
    check(x.astype(np.float32), fmt)


@settings(max_examples=150, deadline=None)
@given(
    x=arrays(np.uint32, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.integers(0, 2**32 - 1)),
    fmt=st.sampled_from(ALL),
)
def test_any_bit_patterns(x, fmt):
    check(x.view(np.float32), fmt)


@pytest.mark.parametrize("device", DEVICES)
def test_formats_of_each_block(device):
    rng = np.random.default_rng(1)
    x = np.resize(float_blocks(MX9), (120, 100)).astype(np.float32)
    for _ in range(10):
        formats = [BLOCKED[i] for i in rng.integers(0, 3, 7)]
        want = concat([golden.quantize(x[:, 16 * i : 16 * i + 16], f) for i, f in enumerate(formats)])
        t = torch.from_numpy(x).to(device)
        assert differing(fake_quantize(t, formats), golden.dequantize(want)) == 0
        runs = quantize(t, formats)
        assert differing(dequantize(runs), golden.dequantize(want)) == 0
        assert same_codes(BlockTensor.from_golden(want), runs.to_golden())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_narrow_types_widen_first(dtype, fmt):
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(dtype)[torch.randperm(1 << 16)]
    want = golden.dequantize(golden.quantize(every.float().numpy(), fmt))
    assert differing(fake_quantize(every, fmt), want) == 0


def test_layouts_do_not_matter():
    x = torch.randn(6, 48, 5)
    want = fake_quantize(x.mT.contiguous(), MX6)
    assert torch.equal(fake_quantize(x.mT, MX6), want)
    assert torch.equal(fake_quantize(x[::2].mT, MX6), want[::2])
    assert fake_quantize(x.new_empty(0, 20), MX6).shape == (0, 20)


def test_quantizing_again_changes_nothing():
    for fmt in ALL:
        once = fake_quantize(torch.from_numpy(float_blocks(fmt)), fmt)
        assert torch.equal(fake_quantize(once, fmt).nan_to_num(), once.nan_to_num())


def test_leading_blocks_in_the_high_format():
    x = torch.randn(5, 70)
    got = fake_quantize_mixed(x, 2)
    assert torch.equal(got[:, :32], fake_quantize(x[:, :32], MX9))
    assert torch.equal(got[:, 32:], fake_quantize(x[:, 32:], MX6))
    flags = [False, True, False, False, True]
    assert torch.equal(fake_quantize_mixed(x, flags, MX9, MX4)[:, 16:32], fake_quantize(x[:, 16:32], MX9))
    assert mixed_formats(70, 5) == (MX9,) * 5


def test_formats_by_threshold():
    x = torch.randn(9, 40)
    got = fake_quantize_above(x, 2.0, MX9, MX4)
    high = torch.tensor([[x[i, j : j + 16].abs().max() > 2 for j in (0, 16, 32)] for i in range(9)])
    assert 0 < high.sum() < high.numel()
    for i, j in np.ndindex(9, 3):
        part = slice(16 * j, 16 * j + 16)
        assert torch.equal(got[i, part], fake_quantize(x[i, part], MX9 if high[i, j] else MX4))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros(16), MX6), TypeError, r"x must be a torch.Tensor, not ndarray"),
        ((torch.zeros(16).double(), MX6), TypeError, r"x must be float32, .*, not torch.float64"),
        ((torch.zeros(()), MX6), ValueError, "x must have at least 1 axis, not 0"),
        ((torch.zeros(3, 0), MX6), ValueError, "at least 1 element, not 0"),
        ((torch.zeros(3), "MX6"), TypeError, "formats must be Format objects such as golden.MX6, not 'M'"),
        ((torch.zeros(3), 6), TypeError, "formats must be a Format .*, not 6"),
        ((torch.zeros(17), [MX6]), ValueError, "k=17 takes 2 blocks of 16, but formats names 1"),
        ((torch.zeros(48), [MXINT8, MX6]), ValueError, "MXINT8 shares a row with no other format"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    for function in (fake_quantize, quantize):
        with pytest.raises(error, match=message):
            function(*arguments)


@pytest.mark.parametrize("blocks", [-1, 4, [True]])
def test_wrong_numbers_of_blocks_are_named(blocks):
    with pytest.raises(ValueError, match="high_blocks must"):
        mixed_formats(48, blocks)


def test_compiles_once_or_not_at_all(tmp_path, monkeypatch):
    build = native._library.__wrapped__
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if native._library() is not None:
        assert build() is not None
        (first,) = tmp_path.rglob("*.so")
        written = first.stat().st_mtime_ns
        assert build() is not None
        assert [path.stat().st_mtime_ns for path in tmp_path.rglob("*.so")] == [written]
    monkeypatch.setenv("MIXDIT_NATIVE", "0")
    assert build() is None
    monkeypatch.delenv("MIXDIT_NATIVE")
    monkeypatch.setenv("PATH", "")
    assert build() is None
