"""Quantized copies of models, of the project's own and of diffusers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden import MX4, MX6, MX9
from mixdit.layers.attention import MXAttention, ScaledDotProductAttention
from mixdit.layers.attention_sites import RedirectedAttention, attention_sites, with_attention
from mixdit.layers.linear import MXLinear
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.matmul import matmul
from verif.mixdit.tiny_pipelines import dit_transformer, pixart_transformer, randomize, sd3_transformer

HEADS = 3


def inputs(kind: str) -> dict[str, Any]:
    torch.manual_seed(1)
    given: dict[str, Any] = {"hidden_states": torch.randn(2, 4, 8, 8), "timestep": torch.tensor([500, 500])}
    if kind == "dit":
        return given | {"class_labels": torch.tensor([1, 2])}
    given["encoder_hidden_states"] = torch.randn(2, 6, 32)
    if kind == "pixart":
        mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
        return given | {"encoder_attention_mask": mask, "added_cond_kwargs": {}}
    return given | {"pooled_projections": torch.randn(2, 32)}


def transformer(kind: str) -> nn.Module:
    torch.manual_seed(0)
    make = {"dit": dit_transformer, "pixart": pixart_transformer, "sd3": sd3_transformer}[kind]
    model = make(heads=HEADS).eval().requires_grad_(False)
    randomize(model)
    return model


def uniform_plan(model: nn.Module, fmt: Any, *, head: Any = None) -> Plan:
    """Every linear layer of the blocks and every attention in one format."""
    linears = {
        path: LinearPlan(in_features=m.in_features, weight=fmt, low=fmt)
        for path, m in model.named_modules()
        if isinstance(m, nn.Linear) and path.startswith("transformer_blocks") and "norm" not in path
    }
    attention = AttentionPlan(heads=(head or fmt,) * HEADS)
    return Plan(linears=linears, attentions=dict.fromkeys(attention_sites(model), attention))


KINDS = ["dit", "pixart", "sd3"]


@pytest.mark.parametrize("kind", KINDS)
def test_real_architectures_follow_their_plans(kind):
    model, given = transformer(kind), inputs(kind)
    want = model(**given).sample
    error = {}
    for fmt in (MX9, MX6, MX4):
        quantized = quantize_model(model, uniform_plan(model, fmt))
        assert not any(
            isinstance(m, nn.Linear) and "norm" not in path
            for path, m in quantized.transformer_blocks.named_modules()
        )
        error[fmt] = ((quantized(**given).sample - want).norm() / want.norm()).item()
    assert 0 < 3 * error[MX9] < error[MX6] < error[MX4] / 2
    assert torch.equal(model(**given).sample, want)  # the original is as it was


@pytest.mark.parametrize("kind", KINDS)
def test_attention_of_processors_is_redirected(kind):
    """Not one scaled dot-product attention stays in floating point, and each has its plan's operands."""
    model, given = transformer(kind), inputs(kind)
    seen = []

    class Spy(ScaledDotProductAttention):
        def forward(self, q, k, v, mask=None, scale=None):
            seen.append((q.shape, k.shape, mask is not None))
            return super().forward(q, k, v, mask, scale)

    want = model(**given).sample
    sites = attention_sites(model)
    assert len(sites) == {"dit": 2, "pixart": 4, "sd3": 2}[kind]
    for path, site in sites.items():
        model.set_submodule(path, with_attention(site, Spy()))
    assert torch.equal(model(**given).sample, want)
    tokens, text = 16, 6
    joint = {"dit": [(tokens, tokens, False)], "sd3": [(tokens + text,) * 2 + (False,)]}
    expected = joint.get(kind, [(tokens, tokens, False), (tokens, text, True)]) * 2
    assert [(q[2], k[2], mask) for q, k, mask in seen] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_only_attention_and_only_linears(kind):
    model, given = transformer(kind), inputs(kind)
    want = model(**given).sample
    everything = uniform_plan(model, MX4)
    both = quantize_model(model, everything)(**given).sample
    parts = [
        quantize_model(model, Plan(linears=everything.linears))(**given).sample,
        quantize_model(model, Plan(attentions=everything.attentions))(**given).sample,
    ]
    for part in parts:
        assert not torch.equal(part, want)
        assert not torch.equal(part, both)
    assert torch.equal(quantize_model(model, Plan())(**given).sample, want)


def test_modes_reach_every_layer_and_agree():
    model, given = transformer("sd3"), inputs("sd3")
    products = []

    def product(a, b):
        products.append((a.shape, b.shape))
        return matmul(a, b)

    plan = uniform_plan(model, MX6, head=MX9)
    models = [quantize_model(model, plan, mode) for mode in ("fast", "exact", product)]
    fast, exact, own = (quantized(**given).sample for quantized in models)
    assert torch.equal(exact, own)
    assert len(products) == len(plan.linears) + 2 * len(plan.attentions)
    assert (fast - exact).norm() < 0.01 * exact.norm()


def test_copies_share_what_is_not_quantized():
    model = transformer("dit")
    quantized = quantize_model(model, uniform_plan(model, MX6))
    assert quantized.pos_embed.proj.weight is model.pos_embed.proj.weight
    assert isinstance(quantized.transformer_blocks[0].ff.net[2], MXLinear)
    assert isinstance(quantized.transformer_blocks[0].attn1, RedirectedAttention)
    assert isinstance(quantized.transformer_blocks[0].attn1.attention, MXAttention)
    assert quantized.transformer_blocks[0].ff.net[2].bias is model.transformer_blocks[0].ff.net[2].bias


class Small(nn.Module):
    """Any model: a linear layer, an attention, and a timestep."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.blocks = nn.ModuleList([nn.Linear(32, 32)])
        self.attend = ScaledDotProductAttention()

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        y = self.blocks[0](x)
        heads = y.unflatten(-1, (2, 16)).transpose(1, 2)
        return self.attend(heads, heads, heads)


def small_plan(fmt: Any) -> Plan:
    return Plan(
        linears={"blocks.0": LinearPlan(in_features=32, low=fmt)},
        attentions={"attend": AttentionPlan(heads=(fmt, fmt))},
    )


@torch.no_grad()
def test_plans_change_with_the_timestep():
    model, x = Small(), torch.randn(2, 5, 32)
    switched = quantize_model(model, TimestepPlan((100.0,), (small_plan(MX4), small_plan(MX9))))
    for t, fmt in ((0, MX4), (99, MX4), (100, MX9), (999, MX9), (3, MX4)):
        want = quantize_model(model, small_plan(fmt))(x, torch.tensor([t, t]))
        assert torch.equal(switched(x, t=torch.tensor([t, t])), want)
        assert torch.equal(switched(x, torch.tensor(t)), want)


def test_timesteps_of_two_ranges_in_a_call_are_refused():
    switched = quantize_model(Small(), TimestepPlan((100.0,), (small_plan(MX4), small_plan(MX9))))
    with pytest.raises(ValueError, match=r"must lie in one range .*bounds \(100\.0,\)\), not \[50, 150\]"):
        switched(torch.randn(2, 5, 32), torch.tensor([150, 50]))
    with pytest.raises(ValueError, match="called with timesteps"):
        switched(torch.randn(2, 5, 32), None)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(linears={"blocks.1": LinearPlan(in_features=32)}), "names 'blocks.1', .* no linear layer"),
        (Plan(linears={"attend": LinearPlan(in_features=32)}), "names 'attend', .* no linear layer"),
        (Plan(attentions={"blocks.0": AttentionPlan(heads=(MX6,))}), r"names 'blocks\.0', .* no attention"),
        (Plan(linears={"blocks.0": LinearPlan(in_features=48)}), "blocks.0: the plan has 48 channels"),
    ],
)
def test_plans_of_other_models_are_refused(plan, message):
    with pytest.raises(ValueError, match=message):
        quantize_model(Small(), plan)


@pytest.mark.parametrize("options", [{"is_causal": True}, {"dropout_p": 0.1}, {"enable_gqa": True}])
def test_what_cannot_be_quantized_is_refused(options):
    class Causal(nn.Module):
        def forward(self, x):
            return functional.scaled_dot_product_attention(x, x, x, **options)

    with pytest.raises(ValueError, match="causal attention, grouped queries and dropout"):
        RedirectedAttention(Causal(), MXAttention([MX6]))(torch.randn(1, 1, 4, 16))
