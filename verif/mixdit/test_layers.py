"""Quantized layers against golden's products, and what they refuse."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import golden
from golden import MX4, MX6, MX9, concat
from mixdit.layers.attention import MXAttention, QuantizedAttention, ScaledDotProductAttention
from mixdit.layers.linear import MXLinear, QuantizedLinear
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import LinearPlan
from mixdit.tensors.matmul import matmul
from mixdit.tensors.quantize import fake_quantize, fake_quantize_mixed
from verif.mixdit.compare import DEVICES, differing


def layer(k: int = 70, n: int = 12, bias: bool = True) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(k, n, bias=bias).requires_grad_(False)


def plan(k: int = 70, **changes: object) -> LinearPlan:
    order = torch.randperm(k, generator=torch.Generator().manual_seed(1)).tolist()
    return LinearPlan(**({"in_features": k, "high_blocks": 2, "permutation": tuple(order)} | changes))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bias", [True, False])
def test_exact_linear_has_golden_bits(bias, device):
    linear = layer(bias=bias).to(device)
    x = torch.randn(3, 5, 70) * torch.exp(2 * torch.randn(70))
    got = MXLinear(linear, plan(), "exact")(x.to(device))
    order = list(plan().permutation)
    rows = x.numpy().reshape(-1, 70)[:, order]
    a = concat([golden.quantize(rows[:, :32], MX9), golden.quantize(rows[:, 32:], MX6)])
    want = golden.matmul(a, golden.quantize(linear.weight.cpu().numpy()[:, order], MX6))
    if bias:
        want = golden.add_binary32(want, np.broadcast_to(linear.bias.cpu().numpy(), want.shape))
    assert differing(got, want.reshape(3, 5, 12)) == 0


def test_fast_linear_multiplies_the_rounded_values():
    linear, p = layer(), plan(weight=MX9, low=MX4)
    x = torch.randn(4, 9, 70)
    order = list(p.permutation)
    values = fake_quantize_mixed(x[..., order], 2, MX9, MX4)
    want = functional.linear(values, fake_quantize(linear.weight[:, order], MX9), linear.bias)
    assert torch.equal(MXLinear(linear, p)(x), want)


def test_a_permutation_alone_changes_only_the_blocks():
    linear = layer()
    x = torch.randn(4, 70)
    error = {}
    for order in (None, plan().permutation):
        y = MXLinear(linear, plan(permutation=order, high_blocks=5, weight=MX9))(x)
        error[order] = (y - linear(x)).norm() / linear(x).norm()
    assert max(error.values()) < 0.02


def test_modes_agree_closely_and_outputs_keep_the_type():
    linear = layer()
    x = torch.randn(4, 6, 70)
    fast, exact = (MXLinear(linear, plan(), mode)(x) for mode in ("fast", "exact"))
    assert (fast - exact).abs().max() < 1e-5
    half = MXLinear(linear.bfloat16(), plan())(x.bfloat16())
    assert half.dtype == torch.bfloat16


def test_a_function_can_multiply():
    calls = []

    def product(a, b):
        calls.append((a.shape, b.shape))
        return matmul(a, b)

    linear = layer()
    x = torch.randn(2, 5, 70)
    assert torch.equal(MXLinear(linear, plan(), product)(x), MXLinear(linear, plan(), "exact")(x))
    assert calls == [((10, 70), (12, 70))]


def test_threshold_linear():
    linear = layer()
    x = torch.randn(6, 70)
    everything = MXLinear(linear, plan(high_blocks=0, threshold=0.0))(x)
    assert torch.equal(everything, MXLinear(linear, plan(high_blocks=5))(x))
    nothing = MXLinear(linear, plan(high_blocks=0, threshold=1e9))(x)
    assert torch.equal(nothing, MXLinear(linear, plan(high_blocks=0))(x))


@pytest.mark.parametrize(
    ("p", "mode", "message"),
    [
        (plan(64), "fast", "the plan has 64 channels, the layer 70"),
        (plan(), "slow", "mode must be 'fast', 'exact' or a function .*, not 'slow'"),
        (plan(high_blocks=0, threshold=1.0), "exact", "a threshold chooses formats at run time"),
    ],
)
def test_linear_refuses(p, mode, message):
    with pytest.raises(ValueError, match=message):
        MXLinear(layer(), p, mode)


def test_any_quantizers():
    linear = layer()
    x = torch.randn(3, 70)
    got = QuantizedLinear(linear, lambda t: t * 2, lambda w: w.round(decimals=1))(x)
    assert torch.equal(got, functional.linear(x * 2, linear.weight.round(decimals=1), linear.bias))


def operands(tokens: int = 21, keys: int = 37, heads: int = 3, batch: int = 2) -> list[torch.Tensor]:
    torch.manual_seed(3)
    return [torch.randn(batch, heads, n, 24) * 1.5 for n in (tokens, keys, keys)]


HEADS = (MX9, MX6, MX4)
APART = (HeadFormats(MX6, MX9, MX4, MX6), HeadFormats(MX9, MX4, MX6, MX6), HeadFormats(MX4, MX6, MX6, MX9))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("heads", [HEADS, APART, (MX6, APART[0], APART[0])])
def test_exact_attention_has_golden_bits(heads, device):
    q, k, v = operands()
    got = MXAttention(heads, "exact")(*(x.to(device) for x in (q, k, v))).cpu()
    for b, (h, formats) in ((b, pair) for b in range(2) for pair in enumerate(heads)):
        of = dict(zip("qkpv", [formats] * 4 if formats in HEADS else formats, strict=True))
        left, right = golden.quantize(q[b, h].numpy(), of["q"]), golden.quantize(k[b, h].numpy(), of["k"])
        scores = torch.from_numpy(golden.matmul(left, right)).to(device) * (1 / math.sqrt(24))
        p = golden.quantize(scores.softmax(-1).cpu().numpy(), of["p"])
        want = golden.matmul(p, golden.quantize(v[b, h].T.contiguous().numpy(), of["v"]))
        assert differing(got[b, h], want) == 0


def test_fast_attention_is_any_attention_with_these_quantizers():
    q, k, v = operands()
    for h, formats in enumerate(APART):
        rounded = [lambda x, fmt=fmt: fake_quantize(x, fmt) for fmt in formats]
        reference = QuantizedAttention(**dict(zip("qkpv", rounded, strict=True)))
        part = slice(h, h + 1)
        want = reference(q[:, part], k[:, part], v[:, part])
        assert torch.allclose(MXAttention(APART)(q, k, v)[:, part], want, atol=1e-6)
        alone = MXAttention([formats])(q[:, part], k[:, part], v[:, part])
        assert torch.allclose(MXAttention([formats] * 3)(q, k, v)[:, part], alone, atol=1e-6)


@pytest.mark.parametrize(
    ("attention", "tolerances"),
    [
        (QuantizedAttention(), (1e-6, 1e-6, 1e-6)),
        (MXAttention([MX9] * 3), (0.03, 0.03, 0.03)),
        (MXAttention(HEADS), (0.03, 0.2, 0.8)),
    ],
)
def test_attention_follows_the_floating_point_one(attention, tolerances):
    q, k, v = operands()
    mask = torch.randn(2, 1, 21, 37)
    for m in (None, mask, mask[:1, 0], mask.expand(2, 3, 21, 37), mask > -1):
        for scale in (None, 0.3):
            want = ScaledDotProductAttention()(q, k, v, m, scale)
            error = (attention(q, k, v, m, scale) - want).square().sum((0, 2, 3))
            assert ((error / want.square().sum((0, 2, 3))).sqrt() < torch.tensor(tolerances)).all()


def test_attention_refuses_another_number_of_heads():
    with pytest.raises(ValueError, match="the plan has 2 heads, q has 3"):
        MXAttention([MX6, MX6])(*operands())


def test_prints_of_models_say_the_formats():
    text = repr(MXAttention([MX6, APART[0]]))
    assert text == "MXAttention(heads=['MX6', 'q=MX6 k=MX9 p=MX4 v=MX6'], mode=fast)"
