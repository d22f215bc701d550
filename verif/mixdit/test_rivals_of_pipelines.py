"""Every variant by name, on every architecture: what it replaces follows from what the model calls."""

import pytest
import torch
from torch import nn

from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import KINDS, run_pipeline
from mixdit.layers.attention_sites import original_submodule
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.htg import htg, reparameterize
from mixdit.rivals.neighbours import find_neighbours
from mixdit.rivals.noise_error import predict
from mixdit.rivals.shifted_linear import ShiftedLinear
from mixdit.rivals.variants import VARIANTS
from mixdit.rivals.viditq_mp import Metric
from verif.mixdit.tiny_pipelines import pipeline

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

QUICK = [name for name, each in VARIANTS.items() if each.standard and not name.startswith(("mixed", "MX4/"))]
WORDS = 16
REST = [name for name in VARIANTS if name not in QUICK]


def calibrated(kind: str, steps: int) -> Calibration:
    """Of one image of a tiny pipeline."""
    loaded, passes = pipeline(kind), Passes()
    loaded.set_progress_bar_config(disable=True)
    loaded.transformer.eval()
    items = [1] if kind == "dit" else ["a cat"]
    with passes.watch(loaded.transformer):
        run_pipeline(loaded, KINDS[kind], items, steps=steps, seed=0, size=16, output_type="latent")
    # Of hundreds of places for words, the first hold all there are.
    short = [
        {name: x[:, :WORDS] if name.startswith("encoder_") else x for name, x in batch.items()}
        for batch in passes.kwargs
    ]
    return Calibration(loaded.transformer, short)


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def calibration(kind):
    return calibrated(kind, 3)


def decibels(calibration, model) -> float:
    """SQNR on the calibration's own batches."""
    want = predict(calibration.model, calibration.batches).double()
    error = predict(model, calibration.batches).double() - want
    assert error.isfinite().all()
    return (10 * (want.square().sum() / error.square().sum()).log10()).item()


def test_every_rival_by_name(calibration):
    found = {name: decibels(calibration, VARIANTS[name].build(calibration)) for name in QUICK}
    assert found.pop("FP32") == float("inf")
    assert all(6 < value < 80 for value in found.values()), found
    # What has more bits errs less, whoever spends them.
    assert found["BF16"] > found["MX9"] > found["W MX6, A MX9"] > found["MX6"] > found["MX4"]
    for method in ("per tensor", "per token", "HTG", "ViDiT-Q", "Q-DiT"):
        fine, coarse = (
            f"{method} {bits}" if f"{method} {bits}" in found else f"{bits} {method}"
            for bits in ("W8A8", "W4A8")
        )
        assert found[fine] > found[coarse] + 1, method
    assert found["ViDiT-Q-MP"] > found["ViDiT-Q W4A8"]


@pytest.mark.engine
@pytest.mark.parametrize("other", ["sd3", "latte"])
def test_all_others_by_name(other):
    calibration = calibrated(other, 24)
    found = {name: decibels(calibration, VARIANTS[name].build(calibration)) for name in REST}
    assert all(6 < value < 80 for value in found.values()), found
    for name in ("mixed", "MX6", "W MX6, A MX9"):
        plain = found.get(name) or decibels(calibration, VARIANTS[name].build(calibration))
        assert found[f"{name}, compensated"] > plain + 1


LAYERS = {"dit": (12, 2, 0), "pixart": (20, 4, 2), "sd3": (21, 2, 0), "latte": (16, 3, 1)}
"""Linear layers that see tokens, attentions, and those of them that are cross-attention."""


def test_layers_are_those_that_see_tokens(kind, calibration):
    layers = calibration.layers
    assert (len(layers.linears), len(layers.heads), len(layers.crossing)) == LAYERS[kind]
    assert set(layers.heads.values()) == {4}
    assert not any("norm" in path or "adaln" in path for path in layers.linears)
    assert all(path.endswith("attn2") for path in layers.crossing)
    metrics = {Metric.of(path, layers) for path in layers.linears}
    assert (Metric.TEXT_ALIGNMENT in metrics) is (kind in ("pixart", "latte"))
    assert (Metric.TIME_CONSISTENCY in metrics) is (kind == "latte")


def test_htg_shifts_what_a_neighbour_can_shift(kind, calibration):
    """Norms and values can; activation functions, the text and residual sums cannot."""
    first = next(iter(calibration.layers.heads))
    by_layer = {
        path: neighbour
        for neighbour in find_neighbours(calibration.model, calibration.batches[0], calibration.layers)
        for path in neighbour.layers
    }
    q, k, out = (by_layer[f"{first}.{name}"] for name in ("to_q", "to_k", "to_out.0"))
    assert q is k
    assert q.attention is None
    assert out.attention == first
    assert not any("net.2" in path for path in by_layer)
    assert any("net.0" in path for path in by_layer)
    assert not any("attn2.to_k" in path or "attn2.to_q" in path for path in by_layer)
    if kind == "sd3":  # values of image and text mix: both outputs share the shift
        assert by_layer[f"{first}.to_add_out"] is out
        assert by_layer[f"{first}.add_q_proj"] is not q
    rewritten, _ = reparameterize(calibration)
    assert decibels(calibration, rewritten) > 100


def test_htg_quantizes_between_what_shifted_channels_reach(kind, calibration):
    """In the first layer, before which nothing is quantized: bounds are those of ``(x - z) / s``."""
    quantized = htg(calibration, 8)
    layer = original_submodule(quantized, f"{next(iter(calibration.layers.heads))}.to_q")
    assert isinstance(layer, ShiftedLinear)
    seen = {}
    layer.linear.register_forward_pre_hook(
        lambda m, args: seen.setdefault(layer.groups.current, []).append(args[0])
    )
    predict(quantized, calibration.batches)
    bounds = layer.linear.activation
    assert len(seen) == len(layer.groups) > 1
    for group, inputs in seen.items():
        reached = torch.stack(inputs)
        torch.testing.assert_close(bounds.low[group], reached.amin())
        torch.testing.assert_close(bounds.high[group], reached.amax())


class Block(nn.Module):
    """Layers behind a norm that is modulated by channel, or by token, and behind none."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.by_channel, self.by_token, self.behind_none, self.behind_activation = (
            nn.Linear(16, 16) for _ in range(4)
        )

    def forward(self, x):
        y = self.norm(x)
        modulated = y * (1 + x[:, :1]) + x[:, -1:]
        return (
            self.by_channel(modulated)
            + self.by_token(y + x)
            + self.behind_none(x)
            + self.behind_activation(modulated.tanh())
        )


class Blocks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block()])

    def forward(self, x, timestep):
        return self.blocks[0](x)


def test_only_modulation_by_channel_can_hold_a_shift():
    c = Calibration(Blocks(), [(torch.randn(2, 5, 16), torch.tensor([t])) for t in (9, 1)])
    assert len(c.layers.linears) == 4
    found = find_neighbours(c.model, c.batches[0], c.layers)
    assert [neighbour.layers for neighbour in found] == [["blocks.0.by_channel"]]


def test_all_samples_of_a_timestep_count_for_its_range(calibration):
    """Two images at the same timesteps: ranges hold both, and timesteps are counted once."""
    twice = [
        {name: x + 0.5 if name == "hidden_states" else x for name, x in batch.items()}
        for batch in calibration.batches
    ]
    both = Calibration(calibration.model, [*calibration.batches, *twice])
    assert both.timesteps == calibration.timesteps
    for path, ranges in calibration.ranges.items():
        for alone, together in zip(ranges, both.ranges[path], strict=True):
            assert (together.low <= alone.low).all()
            assert (together.high >= alone.high).all()
    assert any(
        not torch.equal(alone.high, together.high)
        for path, ranges in calibration.ranges.items()
        for alone, together in zip(ranges, both.ranges[path], strict=True)
    )


def test_models_without_timesteps_are_refused(calibration):
    with pytest.raises(ValueError, match="batches must hold at least 1 batch, not 0"):
        Calibration(calibration.model, [])
    batch = {**calibration.batches[0], "timestep": None}
    with pytest.raises(ValueError, match="the model is not called with timesteps"):
        Calibration(calibration.model, [batch])
