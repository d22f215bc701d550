"""Rivals: what they rewrite stays the same function, what they round is what they say, who is better."""

import pytest
import torch
from torch import nn

from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.htg import htg, reparameterize
from mixdit.rivals.integer import asymmetric, asymmetric_grouped, symmetric
from mixdit.rivals.layer_switch import LayerSwitch
from mixdit.rivals.layers import Layers, find_layers
from mixdit.rivals.noise_error import predict, thin
from mixdit.rivals.plain import per_tensor, per_token
from mixdit.rivals.qdit import qdit, search_group_sizes
from mixdit.rivals.shifted_linear import ShiftedLinear
from mixdit.rivals.static_range import StaticRange
from mixdit.rivals.static_scale import StaticScale
from mixdit.rivals.statistics import Ranges, collect_ranges
from mixdit.rivals.timestep_groups import TimestepGroups, cluster_adjacent, split_evenly
from mixdit.rivals.variants import VARIANTS
from mixdit.rivals.viditq import BalancedLinear, balance, rotation, viditq
from mixdit.rivals.viditq_mp import BUDGET_BITS, Metric, allocate, viditq_mp


@pytest.fixture(scope="module")
def model():
    return load_model("digits-16")


@pytest.fixture(scope="module")
def batches(model):
    return trajectory(model, initial_noise(8, 456), balanced_labels(8), 10).batches


@pytest.fixture(scope="module")
def test_batches(model):
    return trajectory(model, initial_noise(8, 123), balanced_labels(8), 10).batches


@pytest.fixture(scope="module")
def calibration(model, batches):
    return Calibration(model, batches)


@pytest.fixture(scope="module")
def sqnr(model, test_batches):
    reference = predict(model, test_batches).double()

    def measure(variant: nn.Module) -> float:
        error = predict(variant, test_batches).double() - reference
        return (10 * (reference.square().sum() / error.square().sum()).log10()).item()

    return measure


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_symmetric_rounds_to_a_grid(bits):
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(bits))
    q = symmetric(x, bits, dim=-1)
    step = x.abs().amax(-1, keepdim=True) / (2 ** (bits - 1) - 1)
    assert (q / step - (q / step).round()).abs().max() < 1e-4
    assert (q - x).abs().max() <= (step / 2 * 1.0001).max()
    assert all(len(row.unique()) <= 2**bits - 1 for row in q)
    assert torch.equal(symmetric(torch.zeros(3), bits), torch.zeros(3))
    # Beyond a fixed scale the codes are those of two's complement: 8 bits have -128.
    fixed = symmetric(torch.tensor([-1e3, 1e3]), bits, scale=torch.tensor(1.0))
    assert fixed.tolist() == [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]


def test_asymmetric_spans_the_range():
    x = torch.rand(4, 96, generator=torch.Generator().manual_seed(0)) - 0.2
    q = asymmetric(x, 4)
    step = (x.amax(-1, keepdim=True) - x.amin(-1, keepdim=True)) / 15
    assert ((q - x).abs() <= step * 1.0001).all()
    assert (q / step - (q / step).round()).abs().max() < 1e-4
    assert [len(row.unique()) for row in q] == [16] * 4
    assert (asymmetric_grouped(x, 4, 16) - x).abs().mean() < (q - x).abs().mean()


def test_asymmetric_has_zero_as_a_code():
    """Also where all values have one sign: integers of ``bits`` bits could not hold its zero otherwise."""
    x = torch.tensor([[3.0, 3.5, 4.0], [-4.0, -3.5, -3.0], [0.0, 0.0, 0.0]])
    assert torch.allclose(asymmetric(x, 4), (x * 15 / 4).round() * 4 / 15)
    low, high = torch.tensor(-1.0), torch.tensor(2.0)
    fixed = asymmetric(torch.tensor([-9.0, -0.25, 0.0, 0.9, 9.0]), 4, low, high)
    assert torch.allclose(fixed, torch.tensor([-1.0, -0.2, 0.0, 0.8, 2.0]))


def test_ranges_are_those_of_each_timestep(model, batches):
    layers = find_layers(model, batches[0])
    assert len(layers.linears) == 16
    assert layers.heads == {f"blocks.{i}.attention.attend": 4 for i in range(4)}
    assert not layers.crossing
    (ranges,) = collect_ranges(model, batches, layers)["blocks.0.fc1"]
    assert ranges.low.shape == ranges.high.shape == (10, 128)
    seen = []
    handle = layers.linears["blocks.0.fc1"].register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0])
    )
    model(*batches[3])
    handle.remove()
    assert torch.allclose(ranges.high[3], seen[0].flatten(0, 1).amax(0))
    assert (ranges.largest >= ranges.high).all()


def test_static_scale_follows_the_timestep():
    groups = TimestepGroups([500])
    ranges = Ranges(torch.tensor([[-1.0], [-3.0]]), torch.tensor([[2.0], [1.0]]))
    scale = StaticScale(ranges, [100, 900], 8, groups)
    groups.current = 0
    assert scale(torch.tensor([5.0])) == 2
    groups.current = 1
    assert scale(torch.tensor([5.0])) == 3


def test_static_range_follows_the_timestep():
    groups = TimestepGroups([500, 990])
    ranges = Ranges(torch.tensor([[-1.0, 0.0], [-3.0, 0.0]]), torch.tensor([[2.0, 0.5], [0.0, 1.0]]))
    quantize = StaticRange(ranges, [100, 900], 2, groups)
    x = torch.tensor([-5.0, -0.9, 0.4, 1.2, 5.0])
    for group, expected in enumerate(([-1, -1, 0, 1, 2], [-8 / 3, -4 / 3, 0, 4 / 3, 4 / 3])):
        groups.current = group
        assert torch.allclose(quantize(x), torch.tensor(expected, dtype=torch.float32)), group
    groups.current = 2  # calibration never was there: the range of all, -3 to 2
    assert quantize(x).min() < -3
    assert quantize(x).max() > 1.5


def test_only_adjacent_timesteps_share_a_group():
    vectors = torch.tensor([[0.0], [0.1], [5.0], [5.1], [0.0]]).numpy()
    groups = cluster_adjacent([900, 700, 500, 300, 100], vectors, 3)
    assert [groups.group(t) for t in (999, 900, 700, 500, 300, 100, 0)] == [2, 2, 2, 1, 1, 0, 0]


def test_groups_follow_the_model(model, batches):
    class Probe(nn.Module):
        def forward(self, images, timesteps, labels):
            return images

    groups, probe = TimestepGroups([300, 600]), Probe()
    groups.follow(probe)
    for timestep, group in ((0, 0), (299, 0), (300, 1), (999, 2)):
        probe(None, torch.tensor([timestep]), None)
        assert groups.current == group


def test_htg_rewrites_the_same_function(model, calibration, batches, sqnr):
    rewritten, groups = reparameterize(calibration)
    assert 1 < len(groups) <= 5
    assert sqnr(rewritten) > 100
    assert isinstance(rewritten.blocks[0].fc1, ShiftedLinear)
    # GELU can absorb nothing: what follows it stays as it is.
    assert isinstance(rewritten.blocks[0].fc2, nn.Linear)
    assert torch.equal(rewritten.blocks[0].fc2.weight, model.blocks[0].fc2.weight)
    # The rewriting is there to shrink what static scales must cover.
    before = calibration.ranges["blocks.0.fc1"][0].largest
    after = Calibration(rewritten, batches).ranges["blocks.0.fc1.linear"][0].largest
    assert after.amax() / after.median() < 0.7 * before.amax() / before.median()


def test_htg_quantizes_between_least_and_greatest_values(calibration):
    quantized = htg(calibration, 4)
    behind_gelu = quantized.blocks[0].fc2
    assert isinstance(behind_gelu.activation, StaticRange)
    assert (behind_gelu.activation.low > -0.2).all()
    assert (behind_gelu.activation.low < -0.1).all()
    # From the least to the greatest weight of an output there are 15 steps.
    codes = behind_gelu.quantized_weight[0].unique()
    assert (codes[-1] - codes[0]) / codes.diff().amin() == pytest.approx(15, rel=1e-4)
    attention = quantized.blocks[0].attention.attend.attention
    assert (attention.p.low[0], attention.p.high[0]) == (0, 1)


def test_viditq_balances_and_rotates(model, calibration):
    r = rotation(320, 0)
    assert r.shape == (64, 64)
    assert torch.allclose(r @ r.T, torch.eye(64), atol=1e-6)
    layer = model.blocks[1].fc1
    balanced = balance(calibration)["blocks.1.fc1"]
    x = torch.randn(3, 16, 128)
    assert isinstance(balanced, BalancedLinear)
    assert torch.allclose(balanced(x), layer(x), atol=1e-3)
    assert isinstance(balanced.quantized(4).linear, QuantizedLinear)


def test_qdit_search_stays_in_its_budget_and_improves():
    channels = [128, 512, 320]
    calls = []

    def error(sizes):
        calls.append(sizes)
        return abs(sizes[0] - 16) + abs(sizes[1] - 128) + abs(sizes[2] - 64)

    best = search_group_sizes(channels, error, seed=0)
    assert calls[0] == (64, 64, 64)
    assert all(sum(k // s for k, s in zip(channels, sizes, strict=True)) <= 15 for sizes in calls)
    assert all(k % s == 0 for sizes in calls for k, s in zip(channels, sizes, strict=True))
    assert error(best) < error((64, 64, 64))


def test_mixed_precision_spends_its_budget_on_what_costs_most():
    sizes = {"a": 100, "b": 100, "c": 200}
    costs = {
        (name, group): cost * (group + 1) for name, cost in (("a", 1), ("b", 9), ("c", 4)) for group in (0, 1)
    }
    metrics = dict.fromkeys(sizes, Metric.VISUAL_QUALITY)
    assert allocate(costs, sizes, metrics, 2) == [("b", 1), ("b", 0)]
    assert BUDGET_BITS == 5


def test_mixed_precision_compares_layers_of_the_same_metric_only():
    layers = Layers({}, {}, frozenset({"transformer_blocks.0.attn2", "blocks.3.cross_attn"}))
    names = {
        "transformer_blocks.0.attn1.to_q": Metric.VISUAL_QUALITY,
        "transformer_blocks.0.attn2.to_q": Metric.TEXT_ALIGNMENT,
        "transformer_blocks.1.attn2.to_q": Metric.VISUAL_QUALITY,
        "blocks.3.cross_attn.proj": Metric.TEXT_ALIGNMENT,
        "blocks.3.attn_temp.qkv": Metric.TIME_CONSISTENCY,
        "temporal_transformer_blocks.1.ff.net.2": Metric.TIME_CONSISTENCY,
        "blocks.3.mlp.fc1": Metric.VISUAL_QUALITY,
    }
    assert {name: Metric.of(name, layers) for name in names} == names
    # Four equal layers of each metric: one of each gets 8 bits, though visual ones cost most.
    kinds = dict(zip(Metric, (1, 10, 100), strict=True))
    metrics = {f"{kind.name}.{i}": kind for kind in kinds for i in range(4)}
    costs = {(name, 0): kinds[kind] + int(name[-1]) for name, kind in metrics.items()}
    chosen = allocate(costs, dict.fromkeys(metrics, 10), metrics, 1)
    assert chosen == [("VISUAL_QUALITY.3", 0), ("TIME_CONSISTENCY.3", 0), ("TEXT_ALIGNMENT.3", 0)]


def test_timesteps_split_evenly():
    groups = split_evenly([900, 100, 700, 500, 300], 2)
    assert [groups.group(t) for t in (100, 300, 500, 699, 700, 900)] == [0, 0, 0, 0, 1, 1]
    assert len(split_evenly([3, 2, 1], 1)) == 1
    with pytest.raises(ValueError, match="count must be at least 1, not 0"):
        split_evenly([3, 2, 1], 0)


def test_a_switch_uses_what_its_group_chose():
    groups = TimestepGroups([500])
    switch = LayerSwitch([nn.Identity(), nn.Tanh()], [1, 0], groups)
    for group, expected in ((0, torch.tensor(2.0).tanh()), (1, torch.tensor(2.0))):
        groups.current = group
        assert switch(torch.tensor(2.0)) == expected


def test_viditq_balances_by_range_of_timesteps(model, batches, calibration, sqnr):
    ranges = calibration.ranges
    late = torch.tensor([int(t[0]) < 500 for _, t, _ in batches])
    whole, part = (balance(calibration, steps)["blocks.0.fc2"] for steps in (slice(None), late))
    largest = ranges["blocks.0.fc2"][0].largest[late].amax(0)
    expected = BalancedLinear(model.blocks[0].fc2, largest, 3).scale
    assert torch.equal(part.scale, expected)
    assert not torch.equal(part.scale, whole.scale)
    by_timestep = viditq(calibration, 8, timestep_ranges=2)
    assert isinstance(by_timestep.blocks[0].fc2, LayerSwitch)
    assert torch.equal(by_timestep.blocks[0].fc2.layers[0].scale, part.scale)
    assert sqnr(by_timestep) > 45


def test_viditq_is_asymmetric(model, batches):
    """As its authors' code: weights of one sign use all codes."""
    layer = nn.Linear(64, 1)
    layer.weight.data = torch.linspace(0, 1.5, 64)[None]
    quantized = BalancedLinear(layer, torch.ones(64), 0).quantized(4).linear
    assert len(quantized.quantized_weight.unique()) > 8
    row = BalancedLinear(layer, torch.ones(64), 0).linear.weight
    step = (row.amax().clamp_min(0) - row.amin().clamp_max(0)) / 15
    assert (
        quantized.quantized_weight / step - (quantized.quantized_weight / step).round()
    ).abs().max() < 1e-4
    assert (quantized.quantized_weight - row).abs().max() <= step * 1.0001


@pytest.mark.slow
def test_rivals_are_better_than_the_plain_baseline(calibration, sqnr):
    c = calibration
    plain = sqnr(per_tensor(c, 4))
    assert sqnr(per_token(c, 4)) > plain + 2
    assert sqnr(htg(c, 4)) > sqnr(per_token(c, 4)) + 1
    viditq_w4 = sqnr(viditq(c, 4))
    assert viditq_w4 > plain + 5
    assert sqnr(viditq_mp(c)) > viditq_w4 + 2
    assert sqnr(qdit(c, 4)) > plain + 8
    assert min(sqnr(per_token(c, 8)), sqnr(htg(c, 8)), sqnr(viditq(c, 8))) > 38


@pytest.mark.slow
def test_every_variant_can_be_built(calibration, sqnr):
    figures = {
        name: sqnr(variant.build(calibration))
        for name, variant in VARIANTS.items()
        if variant.standard and name != "FP32"
    }
    assert figures["BF16"] > figures["MX9"] > figures["W MX6, A MX9"] > figures["mixed"]
    assert figures["mixed"] > figures["MX6"] + 1
    assert figures["MX6"] > figures["MX4/MX9"] > figures["W MX6, A MX4"] > figures["MX4"]


def test_thin_keeps_whole_batches(model, batches):
    thinned = thin(model, batches, timesteps=3, images=2)
    assert len(thinned) == 3
    assert {len(x) for x, _, _ in thinned} == {2}
