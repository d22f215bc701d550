"""Calibration: what is seen, what is chosen, and that budgets hold."""

import pytest
import torch

from golden import MX4, MX6, MX9
from mixdit.calibration import statistics_file
from mixdit.calibration.budget import choose
from mixdit.calibration.calibrate import calibrate, collect
from mixdit.calibration.planning import make_plan
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKET_ROWS, BUCKETS, LinearStatistics, Statistics, bucket_of
from mixdit.calibration.statistics_file import load_statistics, save_statistics
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.dynamic import block_maxima
from verif.mixdit.planted import LOUD_HEAD, OUTLIERS, WIDTH, Transformer, batch, sqnr


def test_statistics_are_those_of_the_activations(model, statistics):
    inputs = {path: [] for path in ("blocks.0.qkv", "blocks.1.out")}
    timesteps = []
    for path, seen in inputs.items():
        model.get_submodule(path).register_forward_pre_hook(lambda m, args, seen=seen: seen.append(args[0]))
    for i in range(3):
        timesteps.append(batch(i)["timestep"])
        model(**batch(i))
    for path, seen in inputs.items():
        model.get_submodule(path)._forward_pre_hooks.clear()
        x, t = torch.cat(seen), torch.cat(timesteps)
        entry = statistics.linears[path]
        assert entry.elements == x.numel()
        for bucket in range(BUCKETS):
            rows = x[torch.tensor([bucket_of(i) == bucket for i in t.tolist()])].flatten(0, 1)
            assert entry.rows[bucket] == len(rows)
            assert torch.equal(entry.absmax[bucket], rows.abs().amax(0))
            assert torch.allclose(entry.square_sum[bucket], rows.square().sum(0), rtol=1e-4)
            kept = entry.sample[bucket, : min(len(rows), BUCKET_ROWS)]
            assert all((row == rows).all(1).any() for row in kept)


def test_only_repeated_layers_on_tokens_are_seen(statistics):
    assert sorted(statistics.linears) == ["blocks.0.out", "blocks.0.qkv", "blocks.1.out", "blocks.1.qkv"]
    assert sorted(statistics.attentions) == ["blocks.0.attend", "blocks.1.attend"]
    entry = statistics.attentions["blocks.0.attend"]
    assert entry.elements.tolist() == [3 * 20 * 4 * n for n in (12 * 24, 12 * 24, 12 * 12, 12 * 24)]
    assert (entry.head_width, statistics.linears["blocks.1.qkv"].out_features) == (24, 3 * WIDTH)


def test_the_model_is_left_as_it_was(model):
    before = dict(model.named_modules())
    try:
        with Recorder(model, Statistics()):
            raise KeyError
    except KeyError:
        pass
    assert dict(model.named_modules()) == before
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_tokens_are_drawn_at_random(model):
    """Every position of every sample is drawn about equally often, and no two passes draw the same."""
    recorder = Recorder(model, Statistics(), tokens=10)
    recorder._timesteps = [0.0]
    positions = torch.arange(120.0).view(4, 30, 1)
    draws = [torch.cat([rows for _, rows in recorder.draw(positions)]).flatten() for _ in range(600)]
    counts = torch.cat(draws).long().bincount(minlength=120)
    assert len(draws[0].unique()) == 10
    assert counts.min() > 20
    assert counts.max() < 85
    assert not torch.equal(draws[0].sort().values, draws[1].sort().values)


def test_the_sample_is_uniform_over_a_long_run():
    entry, generator = LinearStatistics.empty(1), torch.Generator().manual_seed(0)
    for start in range(0, 10_000, 100):
        entry.update(torch.arange(start, start + 100.0)[:, None], 3, generator)
    kept = entry.sample[3, :, 0]
    assert len(kept.unique()) == BUCKET_ROWS
    assert kept.mean() == pytest.approx(5000, abs=1200)
    assert entry.rows.tolist() == [0, 0, 0, 10_000] + [0] * 16


SHARES = [(0.05, 0.2), (0.1, 0.15), (0.3, 0.5), (0, 0), (1, 1)]


@pytest.mark.parametrize("choice", ["magnitude", "sensitivity", "random"])
@pytest.mark.parametrize("reorder", [True, False])
@pytest.mark.parametrize(("linear", "attention"), SHARES)
def test_budgets_hold_and_are_used(statistics, choice, reorder, linear, attention):
    settings = Settings(linear_share=linear, attention_share=attention, choice=choice, reorder=reorder)
    plan = make_plan(statistics, settings)
    assert linear - 1 / 24 < plan.mx9_linear <= linear
    assert attention - 1 / 8 < plan.mx9_attention <= attention
    assert all(layer.weight == MX6 for layer in plan.linears.values())


def test_planted_outliers_come_first(statistics):
    for choice in ("magnitude", "sensitivity"):
        plan = make_plan(statistics, Settings(linear_share=0.1, choice=choice))
        layer = plan.linears["blocks.0.qkv"]
        assert layer.high_blocks == 1
        assert set(OUTLIERS) < set(layer.permutation[:16])
        assert list(layer.permutation[16:]) == sorted(layer.permutation[16:])


def test_the_loud_head_is_precise(statistics):
    plan = make_plan(statistics, Settings(attention_share=0.125))
    quiet, loud = (HeadFormats.of(fmt) for fmt in (MX6, MX9))
    assert plan.attentions["blocks.0.attend"].heads == (quiet,) * 4
    assert plan.attentions["blocks.1.attend"].heads == (quiet, quiet, loud, quiet)


def test_without_reordering_whole_blocks_move(statistics):
    plan = make_plan(statistics, Settings(linear_share=0.5, reorder=False))
    for layer in plan.linears.values():
        order = layer.permutation or tuple(range(WIDTH))
        blocks = [order[i : i + 16] for i in range(0, WIDTH, 16)]
        assert all(block == tuple(range(block[0], block[0] + 16)) and block[0] % 16 == 0 for block in blocks)


def test_random_choices_follow_their_seed(statistics):
    def chosen(seed):
        plan = make_plan(statistics, Settings(choice="random", reorder=False, linear_share=0.3, seed=seed))
        return [layer.permutation for layer in plan.linears.values()]

    assert chosen(0) == chosen(0)
    assert len({str(chosen(seed)) for seed in range(8)}) > 4


def test_more_precision_gives_less_error(model, statistics):
    def of(**changes):
        return sqnr(model, make_plan(statistics, Settings(**changes)))

    none = {"linear_share": 0.0, "attention_share": 0.0}
    mx4, mx6 = of(weight=MX4, low=MX4, **none), of(**none)
    mixed, w6a9 = of(linear_share=0.15), of(low=MX9, **none)
    mx9 = of(weight=MX9, low=MX9, **none)
    assert mx4 + 6 < mx6 < mixed < w6a9 < mx9
    assert mixed > of(linear_share=0.15, choice="random", reorder=False)


def test_sensitivity_knows_what_matters():
    """A channel that the next layer ignores gets no precision, however large it is."""
    model = Transformer().eval()
    with torch.no_grad():
        for block in model.blocks:
            block.qkv.weight[:, OUTLIERS[0]] = 0
    statistics = collect(model, [batch(0)], Settings(choice="sensitivity"))
    first = []
    for choice in ("magnitude", "sensitivity"):
        plan = make_plan(statistics, Settings(linear_share=0.1, choice=choice))
        first.append(plan.linears["blocks.0.qkv"].permutation[:16])
    assert OUTLIERS[0] in first[0]
    assert OUTLIERS[0] not in first[1]
    assert set(OUTLIERS[1:]) < set(first[1])
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_sensitivities_of_several_calls_are_averaged(model):
    from mixdit.calibration.sensitivity import measure_sensitivity

    settings = Settings(choice="sensitivity")
    statistics = collect(model, [batch(0)])
    measure_sensitivity(model, [batch(0)], statistics, settings)
    one = statistics.linears["blocks.0.out"].sensitivity.clone()
    measure_sensitivity(model, [batch(1)], statistics, settings)
    both = statistics.linears["blocks.0.out"].sensitivity
    assert statistics.probed == 40
    assert 0.5 < (both / one).median() < 1.5
    assert not torch.equal(both, one)


def test_dynamic_thresholds_spend_the_budget(model, statistics):
    plan = make_plan(statistics, Settings(dynamic=True, linear_share=0.1))
    assert plan.mx9_linear == pytest.approx(0.1, abs=0.01)
    seen, total = 0, 0
    inputs = {}
    for path in plan.linears:
        linear = model.get_submodule(path)
        linear.register_forward_pre_hook(lambda m, args, path=path: inputs.update({path: args[0]}))
    model(**batch(7))
    for path, layer in plan.linears.items():
        model.get_submodule(path)._forward_pre_hooks.clear()
        over = block_maxima(inputs[path][..., list(layer.permutation)]) > layer.threshold
        seen, total = seen + int(over.sum()), total + over.numel()
    assert seen / total == pytest.approx(0.1, abs=0.03)
    assert sqnr(model, plan) > sqnr(model, make_plan(statistics, Settings(linear_share=0)))


def test_plans_by_timestep(model, statistics):
    plan = make_plan(statistics, Settings(timestep_groups=4))
    assert isinstance(plan, TimestepPlan)
    assert plan.bounds == (250, 500, 750)
    assert plan.mx9_linear <= 0.05
    nothing = make_plan(statistics, Settings(linear_share=0, attention_share=0))
    assert sqnr(model, plan) > sqnr(model, nothing)


def test_calibrate_is_collect_and_plan(model):
    settings = Settings(choice="sensitivity", tokens=50, seed=3)
    batches = [tuple(batch(i).values()) for i in range(2)]
    assert calibrate(model, iter(batches), settings) == make_plan(collect(model, batches, settings), settings)


def test_statistics_survive_a_file(model, statistics, tmp_path, monkeypatch):
    path = tmp_path / "statistics.safetensors"
    for original in (statistics, collect(model, [batch(0)])):
        save_statistics(original, path, {"done": 3})
        copy, notes = load_statistics(path)
        assert notes == {"done": 3}
        for name in ("passes", "probed", "power"):
            assert getattr(copy, name) == getattr(original, name)
        for name, entry in original.attentions.items():
            assert torch.equal(copy.attentions[name].elements, entry.elements)
            assert copy.attentions[name].head_width == 24
        assert copy.linears["blocks.0.qkv"].out_features == 3 * WIDTH
        for choice in ("magnitude", "sensitivity") if original is statistics else ("magnitude",):
            settings = Settings(linear_share=0.2, choice=choice, dynamic=choice == "magnitude")
            assert make_plan(copy, settings) == make_plan(original, settings)
    with monkeypatch.context() as patch:
        patch.setattr(statistics_file, "VERSION", 1)
        save_statistics(statistics, path, {})
    with pytest.raises(ValueError, match="is not a file of statistics: its version must be 2, not 1"):
        load_statistics(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a file of statistics"):
        load_statistics(path)


def test_choosing_takes_the_best_that_fit():
    gains = {"a": torch.tensor([9.0, 1.0, 8.0]), "b": torch.tensor([8.5, 0.0])}
    taken = choose(gains, {"a": 2.0, "b": 3.0}, 5.0)
    assert {layer: pieces.tolist() for layer, pieces in taken.items()} == {"a": [0], "b": [0]}
    taken = choose(gains, {"a": 2.0, "b": 3.0}, 100.0)
    assert {layer: pieces.tolist() for layer, pieces in taken.items()} == {"a": [0, 1, 2], "b": [0]}


def test_choosing_stops_where_enough_is_gained():
    gains = {"a": torch.tensor([6.0, 1.0, 2.0]), "b": torch.tensor([1.0])}
    costs = {"a": 1.0, "b": 1.0}

    def taken(cover: float, budget: float = 9.0) -> dict[str, list[int]]:
        chosen = choose(gains, costs, budget, cover)
        return {layer: pieces.tolist() for layer, pieces in chosen.items()}

    assert taken(0.6) == {"a": [0], "b": []}
    assert taken(0.61) == taken(0.8) == {"a": [0, 2], "b": []}
    assert taken(1.0) == {"a": [0, 1, 2], "b": [0]}
    assert taken(0.8, budget=1) == {"a": [0], "b": []}


def test_shares_follow_from_the_outliers(statistics):
    """With room for everything, 80% are covered by the planted channels' block and the loud head."""
    room = {"linear_share": 1.0, "attention_share": 1.0}
    plan = make_plan(statistics, Settings(**room, cover=0.8))
    assert plan.linears["blocks.0.qkv"].high_blocks == 1
    assert set(OUTLIERS) < set(plan.linears["blocks.0.qkv"].permutation[:16])
    assert plan.attentions["blocks.1.attend"].heads[LOUD_HEAD] == HeadFormats.of(MX9)
    assert plan.mx9_attention == 1 / 8
    for choice in ("magnitude", "sensitivity"):
        shares = [
            (each.mx9_linear, each.mx9_attention)
            for cover in (0.5, 0.9, 0.99, 1.0)
            for each in [make_plan(statistics, Settings(**room, choice=choice, cover=cover))]
        ]
        assert shares == sorted(shares)
        assert shares[0] < shares[1]
        assert shares[-1][0] == 1
    limited = make_plan(statistics, Settings(cover=0.999))
    assert limited.mx9_linear <= 0.05
    assert limited.mx9_attention <= 0.2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"linear_share": 1.5}, r"linear_share must be 0 to 1, not 1\.5"),
        ({"attention_share": -1}, "attention_share must be 0 to 1, not -1"),
        ({"choice": "best"}, "choice must be one of magnitude, sensitivity, random, not 'best'"),
        ({"low": "MX6"}, "low must be one of MX4, MX6, MX9, not MX6"),
        ({"exchanges": -1}, "exchanges must be at least 0, not -1"),
        ({"exchanges": 9, "reorder": False}, "exchanges take channels that may be reordered"),
        ({"cover": 0.0}, r"cover must be over 0 and at most 1, not 0\.0"),
        ({"cover": 0.5, "choice": "random"}, "cover takes a static choice"),
        ({"heads": "q"}, "heads must be one of whole, operands, not 'q'"),
        ({"heads": "operands"}, "operands of heads are chosen by sensitivity or at random, not by mag"),
        ({"tokens": 0}, "tokens must be at least 1, not 0"),
        ({"timestep_groups": 0}, "timestep_groups must be at least 1, not 0"),
        ({"dynamic": True, "choice": "random"}, "dynamic formats are chosen by magnitude, not by random"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        Settings(**changes)


def test_what_cannot_be_planned_is_explained(model):
    with pytest.raises(ValueError, match="batches must hold at least 1 batch, not 0"):
        collect(model, [])
    with pytest.raises(TypeError, match=r"a batch must be a mapping or a sequence .*, not int"):
        collect(model, [3])
    with pytest.raises(ValueError, match="the model has no layer to plan"):
        make_plan(Statistics(), Settings())
    few = collect(model, [{name: x[:2] for name, x in batch(0).items()}])
    with pytest.raises(ValueError, match=r"no timestep from 500 to 1000 was seen at 'blocks\.0\.qkv'"):
        make_plan(few, Settings(timestep_groups=2))
    with pytest.raises(ValueError, match="timestep_groups must be at most 20, not 21"):
        make_plan(few, Settings(timestep_groups=21))
    with pytest.raises(ValueError, match="sensitivities, which were not measured"):
        make_plan(few, Settings(choice="sensitivity"))
