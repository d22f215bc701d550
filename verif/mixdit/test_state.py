"""A quantized model's state is what it computes with, and conversions do what the documentation says."""

import copy
import io
import pickle
import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from golden import MX4, MX6, MX9
from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.matmul import matmul
from mixdit.tensors.quantize import quantize
from verif.mixdit.test_quantize_model import Small, inputs, small_plan, transformer, uniform_plan

MODES = ["fast", "exact", matmul]
PERMUTATION = tuple(range(31, -1, -1))


def plan(fmt=MX6, low=MX6) -> Plan:
    layer = LinearPlan(in_features=32, weight=fmt, low=low, permutation=PERMUTATION)
    return Plan(linears={"blocks.0": layer}, attentions={"attend": AttentionPlan(heads=(fmt, MX9))})


def x() -> Tensor:
    return torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(0))


def run(model: nn.Module, given: Tensor | None = None, t: int = 0) -> Tensor:
    with torch.no_grad():
        return model(x() if given is None else given, torch.tensor([t, t]))


def another() -> Small:
    model = Small()
    with torch.no_grad():
        model.blocks[0].weight.mul_(1.3).add_(0.1)
        model.blocks[0].bias.add_(1)
    return model


@pytest.fixture(params=MODES, ids=["fast", "exact", "own product"])
def mode(request):
    return request.param


@pytest.mark.parametrize("how", ["state", "file", "float", "assigned", "meta"])
def test_a_state_is_all_that_is_computed_with(mode, how, tmp_path):
    source, target = (quantize_model(m, plan(), mode) for m in (another(), Small()))
    want = run(source)
    assert not torch.equal(run(target), want)
    state = source.state_dict()
    assert sorted(state) == ["blocks.0.bias", "blocks.0.weight"]
    if how == "file":
        save_file(state, tmp_path / "state.safetensors")
        state = load_file(tmp_path / "state.safetensors")
    elif how == "float":
        state = another().state_dict()
    elif how == "meta":
        target = target.to("meta").to_empty(device="cpu")
    report = target.load_state_dict(state, assign=how == "assigned")
    assert not report.missing_keys
    assert not report.unexpected_keys
    assert torch.equal(run(target), want)


def test_models_of_floats_take_the_state_too():
    source, target = quantize_model(another(), plan()), Small()
    target.load_state_dict(source.state_dict())
    assert torch.equal(run(target), run(another()))


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save"])
def test_whole_models_are_copied(mode, way):
    model = quantize_model(another(), plan(), mode)
    want = run(model)
    if way == "deepcopy":
        other = copy.deepcopy(model)
    elif way == "pickle":
        other = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        torch.save(model, file)
        assert len(file.getvalue()) < 20_000  # what follows from the weights is not in it
        file.seek(0)
        other = torch.load(file, weights_only=False)
    assert torch.equal(run(other), want)
    with torch.no_grad():
        other.blocks[0].weight.zero_()
    assert torch.equal(run(model), want)
    assert not torch.equal(run(other), want)


@pytest.mark.parametrize(
    "write",
    [
        lambda m: m.weight.mul_(2),
        lambda m: m.weight[3].zero_(),
        lambda m: setattr(m, "weight", nn.Parameter(m.weight * 2)),
        lambda m: setattr(m.weight, "data", m.weight * 2),
        lambda m: [setattr(m.weight, "data", m.weight * 2) for _ in range(3)],
        lambda m: nn.init.ones_(m.weight),
        lambda m: (m.weight.data.mul_(2), m.forget()),
        lambda m: (m.train(), m.weight.data.mul_(2), m.eval()),
        lambda m: m.bias.add_(1),
    ],
)
@torch.no_grad()
def test_weights_that_change_are_quantized_anew(mode, write):
    model = Small()
    quantized = quantize_model(model, plan(), mode).eval()
    before = run(quantized)
    write(quantized.blocks[0])
    model.blocks[0].weight, model.blocks[0].bias = quantized.blocks[0].weight, quantized.blocks[0].bias
    assert not torch.equal(run(quantized), before)
    assert torch.equal(run(quantized), run(quantize_model(model, plan(), mode)))


def test_weights_are_quantized_once(mode, monkeypatch):
    seen = []
    import mixdit.layers.linear as linear

    for name in ("fake_quantize", "quantize"):
        real = getattr(linear, name)
        monkeypatch.setattr(
            linear, name, lambda t, f, real=real: (seen.append(t.shape == (32, 32)), real(t, f))[1]
        )
    model = quantize_model(Small(), plan(), mode)
    for _ in range(3):
        run(model)
    assert sum(seen) == 1


@pytest.mark.parametrize(
    "other",
    [
        plan(fmt=MX4),
        plan(low=MX9),
        Plan(linears={"blocks.0": LinearPlan(in_features=32)}, attentions=plan().attentions),
        TimestepPlan((100.0,), (plan(), plan(MX9))),
    ],
)
def test_states_of_other_plans_are_refused(other):
    ours, theirs = quantize_model(Small(), plan()), quantize_model(another(), other)
    for source, target in ((ours, theirs), (theirs, ours)):
        with pytest.raises(
            RuntimeError, match=r"blocks\.0 has another plan than the layer whose state this is"
        ):
            target.load_state_dict(source.state_dict())
    heads = quantize_model(Small(), Plan(attentions={"attend": AttentionPlan(heads=(MX4, MX4))}))
    file = io.BytesIO()
    torch.save(heads.state_dict(), file)
    file.seek(0)
    with pytest.raises(RuntimeError, match="attend has another plan"):
        quantize_model(Small(), Plan(attentions=plan().attentions)).load_state_dict(torch.load(file))


def test_a_state_of_other_counts_is_not_a_problem():
    """What does not change results, such as how many elements were counted, may differ."""
    layer = LinearPlan(in_features=32, permutation=PERMUTATION, elements=7)
    other = quantize_model(another(), Plan(linears={"blocks.0": layer}, attentions=plan().attentions))
    model = quantize_model(Small(), plan())
    model.load_state_dict(other.state_dict())
    assert torch.equal(run(model), run(other))


@pytest.mark.parametrize("way", ["deepcopy", "state", "assigned"])
def test_plans_by_timestep_share_one_state(way):
    both = TimestepPlan((100.0,), (small_plan(MX4), small_plan(MX9)))
    source, target = quantize_model(another(), both), quantize_model(Small(), both)
    assert sorted(source.state_dict()) == sorted(Small().state_dict())
    if way == "deepcopy":
        target = copy.deepcopy(source)
    else:
        target.load_state_dict(source.state_dict(), assign=way == "assigned")
    for t in (0, 500, 0):
        assert torch.equal(run(target, t=t), run(source, t=t))
    assert not torch.equal(run(target, t=0), run(target, t=500))


@pytest.mark.parametrize("kind", ["dit", "pixart", "sd3"])
def test_models_of_diffusers_come_back_from_their_folders(kind, tmp_path):
    model, given = transformer(kind), inputs(kind)
    everything = uniform_plan(model, MX6, head=MX9)
    quantized = quantize_model(model, everything)
    assert set(quantized.state_dict()) == set(model.state_dict())
    quantized.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path).eval()
    for ours, theirs in ((again, model), (quantize_model(again, everything), quantized)):
        assert torch.equal(ours(**given).sample, theirs(**given).sample)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
@pytest.mark.parametrize("name", ["weight", "bias"])
def test_what_is_not_finite_is_refused_by_name(name, value):
    model = Small()
    with torch.no_grad():
        getattr(model.blocks[0], name).flatten()[5] = value
    size = getattr(model.blocks[0], name).numel()
    message = rf"blocks\.0: {name} must be finite, and 1 of {size} values are not"
    with pytest.raises(ValueError, match=message):
        quantize_model(model, plan())
    with pytest.raises(RuntimeError, match=message):
        quantize_model(Small(), plan()).load_state_dict(model.state_dict())


def test_float64_is_refused_by_name():
    message = r"must be float32, float16 or bfloat16, not torch\.float64"
    with pytest.raises(ValueError, match=rf"blocks\.0: weight {message}"):
        quantize_model(Small().double(), plan())
    quantized = quantize_model(Small(), plan())
    for model in (quantized, quantized.double()):
        with pytest.raises(TypeError, match=f"x {message}"):
            run(model, x().double())


@pytest.mark.parametrize("convert", [nn.Module.half, nn.Module.bfloat16, nn.Module.double, nn.Module.float])
@pytest.mark.parametrize("start", [torch.float32, torch.bfloat16])
def test_conversions_keep_the_weights_to_quantize(mode, convert, start):
    model = Small().to(start)
    quantized = quantize_model(model, plan(), mode)
    narrow = x().half()
    want = run(quantized, narrow)
    assert want.dtype == torch.float16
    converted = convert(quantized)
    assert torch.equal(run(converted, narrow), want)
    assert converted.blocks[0].weight.dtype == start
    assert torch.equal(run(converted.to("cpu", torch.float16), narrow), want)
    emptied = converted.to("meta")
    assert emptied.blocks[0].weight.is_meta
    if callable(mode):
        with pytest.raises(ValueError, match="x must have values, and a meta tensor has none"):
            run(emptied, narrow.to("meta"))
    else:
        assert run(emptied, narrow.to("meta")).shape == want.shape


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(mode, kind):
    """Wide exponents take products of the accumulator in binary32 too, which autocast would narrow."""
    model = quantize_model(Small(), plan(), mode)
    wide = torch.ldexp(x(), torch.randint(-12, 12, (2, 5, 2)).repeat_interleave(16, -1))
    want = run(model, wide)
    with torch.autocast("cpu", dtype=kind):
        got = run(model, wide)
    assert got.dtype == torch.float32
    assert torch.equal(got, want)


def test_products_of_codes_ignore_autocast():
    generator = torch.Generator().manual_seed(0)
    spread = torch.randint(-12, 12, (40, 6), generator=generator).repeat_interleave(16, 1)
    codes: BlockTensor = quantize(torch.ldexp(torch.randn(40, 96, generator=generator), spread), MX9)
    want = matmul(codes, codes), matmul(codes, codes, "fast")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(matmul(codes, codes), want[0])
        assert torch.equal(matmul(codes, codes, "fast"), want[1])


def test_layers_alone_have_a_state_too():
    layers = [MXLinear(nn.Linear(32, 8), LinearPlan(in_features=32, high_blocks=i)) for i in (0, 1)]
    with pytest.raises(RuntimeError, match=re.escape("has another plan than the layer whose state this is")):
        layers[0].load_state_dict(layers[1].state_dict())
    assert MXAttention([MX6]).state_dict() == {}
