"""Models that compute as the hardware does between products: the bits of golden, and what they cost."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from gen.markdown import section
from golden import MX4, MX6, MX9, matmul, quantize
from golden import functions as golden
from golden.rounding import add_binary32
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.layers import hardware_attention
from mixdit.layers.attention import MXAttention
from mixdit.layers.hardware_attention import HardwareAttention
from mixdit.layers.hardware_functions import with_hardware_functions
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.head_formats import HeadFormats
from mixdit.quality.similarity import decibels
from mixdit.rivals.layers import find_layers
from mixdit.rivals.uniform import uniform_plan
from mixdit.tensors import functions
from perf.accuracy.__main__ import PAGE

IMAGES, STEPS = 16, 10

NOISE_DB = 0.5
"""By how much the SQNR of so few images may be off; the published table has more of them."""


@pytest.fixture(scope="module")
def small():
    """The smaller model and the way of some of its images."""
    model = load_model("digits-16")
    return model, trajectory(model, initial_noise(IMAGES, 7), balanced_labels(IMAGES), STEPS)


def sqnr(model, path):
    with torch.inference_mode():
        got = torch.stack([model(*batch) for batch in path.batches]).double()
    want = path.predicted.double()
    return decibels(want.square().sum().item(), (got - want).square().sum().item())


A_BATCH = (torch.zeros(1, 1, 8, 8), torch.tensor([0]), torch.tensor([0]))


def quantized(model, weight, activation, mode="exact"):
    return quantize_model(model, uniform_plan(find_layers(model, A_BATCH), weight, activation), mode)


@pytest.mark.parametrize(
    ("weight", "activation"),
    [
        pytest.param(MX6, MX6, marks=pytest.mark.engine),
        (MX6, MX9),
        pytest.param(MX9, MX9, marks=pytest.mark.engine),
    ],
    ids=str,
)
def test_models_lose_nothing(small, weight, activation):
    model, path = small
    usual = quantized(model, weight, activation)
    assert sqnr(with_hardware_functions(usual), path) > sqnr(usual, path) - NOISE_DB


@pytest.mark.parametrize("worse", ["shift", pytest.param("sum", marks=pytest.mark.engine)])
def test_worse_softmax_loses(small, monkeypatch, worse):
    """The check above fails for powers of two without fractions, and for sums with an error of 2**-6."""
    model, path = small
    if worse == "shift":
        monkeypatch.setattr(hardware_attention, "exp2", lambda x: torch.exp2(x.floor()))
    else:
        monkeypatch.setattr(
            hardware_attention, "divide_by_column", lambda x: functions.divide_by_column(x) * (1 + 2**-6)
        )
    usual = quantized(model, MX9, MX9)
    assert sqnr(with_hardware_functions(usual), path) < sqnr(usual, path) - 2 * NOISE_DB


def test_functions_have_the_bits_of_golden():
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal((5, 33), dtype=np.float32) * 4 for _ in range(2))
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    row = torch.from_numpy(y[:1])
    cases = (
        (functions.exp2(a), golden.exp2(x)),
        (functions.gelu(a), golden.gelu(x)),
        (functions.silu(a), golden.silu(x)),
        (functions.multiply17(a, row), golden.multiply17(x, y[:1])),
        (functions.add(a, row), add_binary32(x, np.broadcast_to(y[:1], x.shape))),
        (functions.divide_by_column(b), golden.divide_by_column(y[:, :-1], y[:, -1:])),
        (
            functions.normalize(a, eps=1e-6, scale=row, shift=b),
            golden.normalize(x, eps=1e-6, scale=y[:1], shift=y),
        ),
    )
    for got, want in cases:
        assert got.dtype == torch.float32
        assert np.array_equal(got.numpy().view(np.uint32), want.view(np.uint32))


def test_functions_take_other_dtypes_and_strides():
    x = torch.randn(6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    got = functions.silu(x.T)
    assert (got.dtype, got.shape, got.requires_grad) == (torch.float32, (8, 6), False)
    assert torch.equal(got, functions.silu(x.detach().T.float().contiguous()))


@pytest.mark.parametrize("kind", ["none", "boolean", "added"])
def test_attention_is_near_the_usual_one(kind):
    generator = torch.Generator().manual_seed(3)
    q, k, v = (torch.randn(2, 3, 20, 24, generator=generator) for _ in range(3))
    allowed = torch.rand(20, 20, generator=generator) > 0.3
    allowed[:, 0] = True
    mask = {"none": None, "boolean": allowed, "added": torch.where(allowed, 0.0, -math.inf)}[kind]
    formats = (MX9, MX6, MX9)
    got = HardwareAttention(formats, "exact")(q, k, v, mask)
    want = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    error = (got - want).square().sum((0, 2, 3)) / want.square().sum((0, 2, 3))
    assert (10 * error.log10() < torch.tensor([-38.0, -20.0, -38.0])).all()
    usual = MXAttention(formats, "exact")(q, k, v, mask)
    assert not torch.equal(got, usual)


def test_attention_has_golden_bits_in_formats_of_its_own():
    """Each operand of each head in another format, by golden's products and functions alone."""
    generator = torch.Generator().manual_seed(4)
    q, k, v = (torch.randn(1, 2, n, 24, generator=generator) for n in (11, 37, 37))
    heads = (HeadFormats(MX6, MX9, MX4, MX6), HeadFormats(MX9, MX4, MX6, MX9))
    got = HardwareAttention(heads, "exact")(q, k, v).numpy()
    for h, of in enumerate(heads):
        scaled = q[0, h].numpy() * np.float32(math.log2(math.e) / math.sqrt(24))
        scores = matmul(quantize(scaled, of.q), quantize(k[0, h].numpy(), of.k))
        values = np.concatenate([v[0, h].numpy().T, np.ones((1, 37), np.float32)])
        sums = matmul(quantize(golden.exp2(scores), of.p), quantize(values, of.v))
        want = golden.divide_by_column(sums[:, :24], sums[:, 24:])
        assert np.array_equal(got[0, h].view(np.uint32), want.view(np.uint32))


def test_parameters_are_shared_and_the_original_stays(small):
    model, path = small
    usual = quantized(model, MX6, MX9)
    before = sqnr(usual, path)
    hardware = with_hardware_functions(usual)
    assert {id(p) for p in hardware.parameters()} == {id(p) for p in usual.parameters()}
    assert sqnr(usual, path) == before != sqnr(hardware, path)


def test_models_without_functions_are_refused():
    with pytest.raises(ValueError, match="must have modules with functions"):
        with_hardware_functions(nn.Linear(4, 4))


def test_page_says_that_nothing_is_lost():
    """Predicted noise in each line: within 0.05 dB of that with float functions, or better."""
    found = re.findall(r"\| (\S+) dB \| (\S+) dB \| (\S+) ± (\S+) dB \|", section(PAGE.read_text(), "models"))
    assert len(found) == 8
    for usual, hardware, difference, deviation in found:
        assert float(hardware) - float(usual) == pytest.approx(float(difference), abs=0.011)
        assert float(difference) > -0.05
        assert 0 < float(deviation) < 0.15
