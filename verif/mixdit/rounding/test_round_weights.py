"""Whole models, rounded layer by layer."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from golden import MX4, MX6, MX9
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.layers.packed import load_packed, restore, save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.rivals.layers import find_layers
from mixdit.rivals.uniform import uniform_plan
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.rounding.round_layer import round_layer
from mixdit.rounding.round_weights import round_weights
from mixdit.tensors.quantize import fake_quantize
from verif.mixdit.tiny_pipelines import dit_transformer, pixart_transformer, randomize, sd3_transformer

STEPS = 5


@pytest.fixture(scope="module")
def model():
    return load_model("digits-16")


@pytest.fixture(scope="module")
def batches(model):
    return trajectory(model, initial_noise(12, 456), balanced_labels(12), STEPS).batches


@pytest.fixture(scope="module")
def tests(model):
    """Other noise, and what the model predicts along its path."""
    path = trajectory(model, initial_noise(6, 123), balanced_labels(6), STEPS)
    return path.batches, path.predicted


def error(model, tests) -> float:
    given, predicted = tests
    with torch.inference_mode():
        return float((torch.stack([model(*batch) for batch in given]) - predicted).square().mean())


A_BATCH = (torch.zeros(1, 1, 8, 8), torch.tensor([0]), torch.tensor([0]))


def uniform(model, weight=MX6, activation=MX9):
    return uniform_plan(find_layers(model, A_BATCH), weight, activation)


def weights(model, plan):
    return {path: model.get_submodule(path).weight for path in plan.linears}


def test_predictions_err_much_less(model, batches, tests):
    """Two dB on five steps of twelve images; six on twenty of 32. Weights are their own quantization."""
    plan = uniform(model)
    rounded = round_weights(model, plan, batches)
    for path, weight in weights(rounded, plan).items():
        assert torch.equal(fake_quantize(weight, plan.linears[path].weight), weight), path
    nearest = error(quantize_model(model, plan), tests)
    assert error(quantize_model(rounded, plan), tests) < 0.63 * nearest


def test_few_tokens_do_no_harm(model, batches, tests):
    """Weights of MX9 hardly err: fitted to so few tokens, they would be twice as wrong on others."""
    plan = uniform(model, MX9, MX6)
    nearest = error(quantize_model(model, plan), tests)
    assert error(quantize_model(round_weights(model, plan, batches), plan), tests) < 1.15 * nearest


class TwoBlocks(nn.Module):
    """One layer in each, or as each."""

    def __init__(self, inside: bool) -> None:
        super().__init__()
        layers = [nn.Linear(32, 32) for _ in range(2)]
        self.blocks = nn.ModuleList(nn.Sequential(layer) if inside else layer for layer in layers)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


@pytest.mark.parametrize("inside", [True, False])
def test_a_block_gets_what_the_quantized_blocks_before_it_make(inside, monkeypatch):
    """The second one hardly errs itself: what it gets differs by the weights of the first one, in MX4."""
    seen = []

    def spy(linear, plan, halves, **options):
        seen.append(halves[0] + halves[1])
        return round_layer(linear, plan, halves, **options)

    monkeypatch.setattr("mixdit.rounding.round_weights.round_layer", spy)
    torch.manual_seed(0)
    formats = {f"blocks.{n}{'.0' * inside}": fmt for n, fmt in enumerate((MX4, MX9))}
    linears = {path: LinearPlan(in_features=32, weight=fmt, low=MX9) for path, fmt in formats.items()}
    round_weights(TwoBlocks(inside), Plan(linears=linears), [(torch.randn(400, 32),)])
    differs = [float((m.xy - m.yy).norm() / m.yy.norm()) for m in seen]
    assert differs[0] < 0.01 < 0.03 < differs[1]


def test_channels_in_the_plans_order(model, batches, tests):
    """Blocks are those of the plan's order: in any other, weights would not be their own quantization."""
    order = tuple(torch.randperm(128, generator=torch.Generator().manual_seed(0)).tolist())
    plan = uniform(model)
    path = "blocks.1.fc1"
    linears = {path: replace(plan.linears[path], permutation=order, high_blocks=2, low=MX6)}
    plan = Plan(linears=linears)
    rounded = round_weights(model, plan, batches[:2])
    weight = weights(rounded, plan)[path]
    assert torch.equal(fake_quantize(weight[:, list(order)], MX6), weight[:, list(order)])
    assert not torch.equal(fake_quantize(weight, MX6), weight)
    assert weights(rounded, uniform(model))["blocks.0.fc1"] is model.get_submodule("blocks.0.fc1").weight


def test_goes_on_where_it_stopped(model, batches, tmp_path):
    plan, path = uniform(model), tmp_path / "rounded.safetensors"
    notes = {"for": "this"}
    whole = round_weights(model, plan, batches[:1], keep=lambda layers: save_layers(layers, path, notes))

    def stop(layers):
        save_layers(layers, path, notes)
        if len(layers) >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        round_weights(model, plan, batches[:1], keep=stop)
    known = load_layers(path, notes)
    assert list(known) == sorted(list(plan.linears)[:8])
    assert load_layers(path, {"for": "that"}) == {}
    assert load_layers(tmp_path / "none", notes) == {}
    calls = []
    rest = round_weights(model, plan, batches[:1], known=known, progress=lambda *at: calls.append(at))
    assert calls[0] == (4, len(plan.linears))
    assert calls[-1] == (len(plan.linears),) * 2
    assert all(torch.equal(weights(rest, plan)[p], w) for p, w in weights(whole, plan).items())
    assert all(torch.equal(rest.get_submodule(p).bias, whole.get_submodule(p).bias) for p in plan.linears)
    path.write_bytes(b"no such thing")
    with pytest.raises(ValueError, match="is not a file of linear layers"):
        load_layers(path, notes)


def test_packed_weights_keep_every_bit(model, batches, tests, tmp_path):
    plan = uniform(model)
    rounded = round_weights(model, plan, batches[:2])
    save_packed(rounded, plan, tmp_path / "weights.safetensors")
    fresh = load_model("digits-16")
    restore(fresh, load_packed(tmp_path / "weights.safetensors"))
    batch = tests[0][0]
    with torch.inference_mode():
        assert torch.equal(quantize_model(fresh, plan)(*batch), quantize_model(rounded, plan)(*batch))


@pytest.mark.parametrize("make", [dit_transformer, pixart_transformer, sd3_transformer])
def test_architectures_of_diffusers(make):
    from verif.mixdit.test_quantize_model import inputs, uniform_plan

    torch.manual_seed(0)
    model = make(heads=3).eval().requires_grad_(False)
    randomize(model)
    given = inputs(make.__name__.removesuffix("_transformer"))
    plan = uniform_plan(model, MX6)
    want = model(**given).sample
    rounded = round_weights(model, plan, [given])
    for path, weight in weights(rounded, plan).items():
        assert torch.equal(fake_quantize(weight, MX6), weight), path

    def differs(of):
        return float((quantize_model(of, plan)(**given).sample - want).square().mean())

    assert differs(rounded) < differs(model)


class Tiny(nn.Module):
    """A layer outside of blocks, without bias, and a layer that no pass uses."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.unused = nn.Linear(32, 8, bias=False), nn.Linear(8, 8)

    def forward(self, x):
        return self.first(x)


def tiny_plan(*names, **settings):
    return Plan(linears={name: LinearPlan(in_features=32, **settings) for name in names})


def test_a_layer_outside_of_blocks():
    torch.manual_seed(0)
    model, x = Tiny(), torch.randn(200, 4).repeat(1, 8) + 0.1 * torch.randn(200, 32)
    plan = tiny_plan("first", low=MX9)
    rounded = round_weights(model, plan, [(x,)])
    with torch.no_grad():
        mine, nearest = ((quantize_model(m, plan)(x) - model(x)).square().mean() for m in (rounded, model))
    assert mine < 0.5 * nearest


@pytest.mark.parametrize(
    ("plan", "batches", "message"),
    [
        (tiny_plan("first"), [], "batches must hold at least 1 batch, not 0"),
        (tiny_plan("second"), [(torch.zeros(1, 32),)], "the plan names 'second'"),
        (tiny_plan("first", threshold=1.0), [(torch.zeros(1, 32),)], "first: a threshold chooses formats"),
        (tiny_plan("first"), [(torch.full((4, 32), torch.nan),)], "first: an input is infinite or NaN"),
        (
            Plan(linears={"unused": LinearPlan(in_features=8)}),
            [(torch.zeros(1, 32),)],
            "unused: a pass of the model does not use 'unused'",
        ),
    ],
)
def test_wrong_calls(plan, batches, message):
    with pytest.raises(ValueError, match=message):
        round_weights(Tiny(), plan, batches)
