"""Of every layer of a model it is said whether it is quantized, and if not, why."""

import copy

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, weight_norm

from golden import MX6
from mixdit.calibration.calibrate import calibrate
from mixdit.calibration.settings import Settings
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.coverage import Coverage, coverage
from mixdit.layers.linear import MXLinear
from mixdit.layers.quantizable import OUTSIDE, quantizable_linears
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.rounding.round_weights import round_weights
from verif.mixdit.test_quantize_model import inputs, transformer, uniform_plan

WIDTH = 32


class Block(nn.Module):
    """A layer of any kind between two linear ones."""

    def __init__(self, middle: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.middle = middle or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(self.middle(self.first(x)))


class Model(nn.Module):
    """Blocks in any container, and an output layer."""

    def __init__(self, blocks: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.blocks, self.out = blocks, nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks.values() if isinstance(self.blocks, nn.ModuleDict) else self.blocks:
            x = block(x)
        return self.out(x)


def with_middle(middle: nn.Module) -> Model:
    return Model(nn.ModuleList([Block(), Block(middle)])).eval().requires_grad_(False)


def x() -> Tensor:
    return torch.randn(2, 6, WIDTH, generator=torch.Generator().manual_seed(0))


def planned(model: nn.Module, given: Tensor | None = None) -> tuple[Plan, Coverage]:
    plan = calibrate(model, [[x() if given is None else given]], Settings(linear_share=0.3))
    return plan, coverage(model, plan)


class Adapter(nn.Linear):
    """A linear layer with something added."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 1


class Renamed(nn.Linear):
    """A linear layer of another name: nothing is lost."""


def hooked(register) -> nn.Linear:
    linear = nn.Linear(WIDTH, WIDTH)
    register(linear)
    return linear


def replaced() -> nn.Linear:
    linear = nn.Linear(WIDTH, WIDTH)
    linear.forward = lambda x: functional.linear(x, linear.weight) + 1
    return linear


def hook(*args: object) -> None:
    """Does nothing."""


REFUSED = {
    "an adapter": (
        lambda: Adapter(WIDTH, WIDTH),
        "is a Adapter, whose forward is not that of torch.nn.Linear",
    ),
    "a new forward": (replaced, "has a forward that was put in place of that of torch.nn.Linear"),
    "a hook": (lambda: hooked(lambda m: m.register_forward_hook(hook)), "has hooks"),
    "a hook before": (lambda: hooked(lambda m: m.register_forward_pre_hook(hook)), "has hooks"),
    "a hook behind": (lambda: hooked(lambda m: m.register_full_backward_hook(hook)), "has hooks"),
    "weight norm": (lambda: parametrizations.weight_norm(nn.Linear(WIDTH, WIDTH)), "has parametrizations"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_layers_that_do_more_are_listed_and_stay_as_they_are(kind):
    make, reason = REFUSED[kind]
    model = with_middle(make())
    plan, found = planned(model)
    assert list(found.refused) == ["blocks.1.middle"]
    assert found.refused["blocks.1.middle"].startswith(reason)
    assert set(found.quantized) == {f"blocks.{i}.{name}" for i in (0, 1) for name in ("first", "last")}
    assert found.left_out == {"out": OUTSIDE}
    with pytest.raises(ValueError, match=r"blocks\.1\.middle .*; layers that are not quantized: 1"):
        found.check()
    middle = quantize_model(model, plan).blocks[1].middle
    assert torch.equal(middle(x()), model.blocks[1].middle(x()))
    everything = Plan(linears={"blocks.1.middle": LinearPlan(in_features=WIDTH)})
    with pytest.raises(ValueError, match=rf"blocks\.1\.middle {reason}.*: it cannot be quantized"):
        quantize_model(model, everything)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weight_norm_of_the_old_kind_is_a_hook():
    found = planned(with_middle(weight_norm(nn.Linear(WIDTH, WIDTH))))[1]
    assert found.refused["blocks.1.middle"].startswith("has hooks")


def test_subclasses_that_do_the_same_are_quantized():
    _, found = planned(with_middle(Renamed(WIDTH, WIDTH)))
    assert "blocks.1.middle" in found.quantized
    assert not found.refused
    found.check()


CONTAINERS = {
    "ModuleList": lambda a, b: nn.ModuleList([a, b]),
    "Sequential": lambda a, b: nn.Sequential(a, b),
    "ModuleDict": lambda a, b: nn.ModuleDict({"one": a, "two": b}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_blocks_stand_in_any_container(kind):
    model = Model(CONTAINERS[kind](Block(), Block())).requires_grad_(False)
    plan, found = planned(model)
    assert len(found.quantized) == 4
    assert not found.refused
    assert found.left_out == {"out": OUTSIDE}
    kinds = [type(m) for m in quantize_model(model, plan).modules()]
    assert kinds.count(MXLinear) == 4


def test_layers_one_behind_the_other_are_no_blocks():
    """Embeddings and outputs are often a ``Sequential`` of a few linear layers."""
    model = nn.Sequential(nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 4))
    assert quantizable_linears(model) == {}
    assert set(coverage(model, Plan()).left_out) == {"0", "2"}


def test_blocks_that_are_attributes_are_listed():
    model = Model(nn.ModuleList([Block()])).requires_grad_(False)
    model.out = Block()
    assert planned(model)[1].left_out == {"out.first": OUTSIDE, "out.last": OUTSIDE}


def test_a_layer_at_two_places_is_replaced_at_both():
    shared = nn.Linear(WIDTH, WIDTH)
    model = with_middle(shared)
    model.blocks[0].middle = shared
    plan, found = planned(model)
    assert "blocks.0.middle" in found.quantized
    assert "blocks.1.middle" not in plan.linears
    assert not found.refused
    quantized = quantize_model(model, plan)
    assert isinstance(quantized.blocks[0].middle, MXLinear)
    assert quantized.blocks[1].middle is quantized.blocks[0].middle
    assert model.blocks[1].middle is shared
    rounded = round_weights(model, plan, [[x()]])
    assert rounded.blocks[0].middle is rounded.blocks[1].middle is not shared
    both = quantize_model(rounded, plan)
    assert both.blocks[1].middle is both.blocks[0].middle
    assert isinstance(both.blocks[1].middle, MXLinear)


class Attending(nn.Module):
    """Attends by a module that all blocks share, or by the function itself."""

    def __init__(self, attend: nn.Module | None = None) -> None:
        super().__init__()
        self.attend = attend

    def forward(self, x: Tensor) -> Tensor:
        attend = self.attend or functional.scaled_dot_product_attention
        heads = x.unflatten(-1, (2, -1)).transpose(1, 2)
        return attend(heads, heads, heads).transpose(1, 2).flatten(2)


def test_an_attention_at_two_places_is_replaced_at_both():
    attend = ScaledDotProductAttention()
    model = with_middle(Attending(attend))
    model.blocks[0].middle = Attending(attend)
    plan, found = planned(model)
    assert list(plan.attentions) == ["blocks.0.middle.attend"]
    quantized = quantize_model(model, Plan(attentions=plan.attentions))
    assert quantized.blocks[0].middle.attend is quantized.blocks[1].middle.attend
    assert type(quantized.blocks[0].middle.attend) is not ScaledDotProductAttention
    assert model.blocks[0].middle.attend is model.blocks[1].middle.attend is attend
    assert not found.refused


def test_attention_by_the_function_itself_is_listed():
    found = planned(with_middle(Attending()))[1]
    assert found.refused == {
        "blocks.1.middle": "attends by scaled_dot_product_attention, but is no attention that can be replaced"
    }


def test_a_layer_that_is_not_called_is_listed():
    model = with_middle(nn.Identity())
    model.blocks[0].spare = nn.Linear(WIDTH, WIDTH)
    assert planned(model)[1].refused == {"blocks.0.spare": "was not called while it was watched"}


class PerSample(nn.Module):
    """Scales tokens by something of the whole sample."""

    def __init__(self) -> None:
        super().__init__()
        self.modulation = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.modulation(x.mean(1))[:, None]


def test_what_gets_one_vector_per_sample_is_left_out():
    found = planned(with_middle(PerSample()))[1]
    assert found.left_out["blocks.1.middle.modulation"] == "gets one vector per sample"
    found.check()


def test_encoder_layers_of_pytorch_take_their_quantized_layers():
    """In evaluation they would multiply by the weights of their layers, whatever these layers are."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, 2, 48, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    with torch.no_grad():
        plan, found = planned(model)
        assert set(found.quantized) == {f"layers.{i}.linear{j}" for i in (0, 1) for j in (1, 2)}
        assert len(found.refused) == 4
        assert found.refused["layers.0.self_attn"].startswith("is a torch.nn.MultiheadAttention")
        assert found.refused["layers.0.self_attn.out_proj"].startswith("is multiplied by torch.nn.Multi")
        quantized = quantize_model(model, plan)
        seen = []
        quantized.layers[1].linear2.register_forward_hook(lambda m, args, output: seen.append(output))
        hooked = quantized(x())
        assert len(seen) == 1
        unhooked = quantize_model(model, plan)(x())
        assert torch.equal(unhooked, hooked)
        assert not torch.allclose(unhooked, model(x()), atol=1e-4)
    everything = Plan(linears={"layers.0.self_attn.out_proj": LinearPlan(in_features=WIDTH)})
    with pytest.raises(ValueError, match=r"layers\.0\.self_attn\.out_proj is multiplied by torch.nn"):
        quantize_model(model, everything)


@pytest.mark.filterwarnings("ignore::FutureWarning:diffusers")
def test_processors_that_attend_in_another_way_are_listed_and_refused():
    model, given = transformer("dit"), inputs("dit")
    everything = uniform_plan(model, MX6)
    model.transformer_blocks[1].attn1.set_processor(AttnProcessor())
    plan = calibrate(model, [given], Settings())
    found = coverage(model, plan)
    assert found.refused == {
        "transformer_blocks.1.attn1": "was not seen to attend by scaled_dot_product_attention"
    }
    assert torch.isfinite(quantize_model(model, plan)(**given).sample).all()
    with pytest.raises(ValueError, match="Attention with AttnProcessor does not attend by scaled_dot"):
        quantize_model(model, everything)(**given)


def test_a_real_model_is_covered():
    model = transformer("sd3")
    found = coverage(model, calibrate(model, [inputs("sd3")], Settings()))
    found.check()
    assert len(found.quantized) == len(uniform_plan(model, MX6).linears) + 2
    assert {row["reason"] for row in found.reasons()} == {OUTSIDE, "gets one vector per sample"}
    assert sum(row["count"] for row in found.reasons()) == len(found.left_out)


def test_a_plan_without_notes_lists_what_it_does_not_name():
    model = with_middle(nn.Linear(WIDTH, WIDTH))
    plan = Plan(linears={"blocks.0.first": LinearPlan(in_features=WIDTH)})
    found = coverage(model, plan)
    assert len(found.refused) == 4
    assert set(found.refused.values()) == {"is not named by the plan"}
    assert found.reasons()[0] == {
        "reason": "is not named by the plan",
        "by_rule": False,
        "count": 4,
        "first": "blocks.0.last",
    }


def broken(model: nn.Module, path: str, value: float) -> nn.Module:
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.get_parameter(path).flatten()[0] = value
    return model


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
@pytest.mark.parametrize("path", ["blocks.1.first.bias", "blocks.0.last.weight", "out.bias"])
def test_parameters_that_are_not_finite_are_named(path, value):
    model = with_middle(nn.Identity())
    with pytest.raises(ValueError, match=rf"{path} must be finite, and 1 of \d+ values are not"):
        planned(broken(model, path, value))


class Scale(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


@pytest.mark.parametrize("factor", [torch.inf, torch.nan, 1e30])
def test_activations_that_are_not_finite_are_named(factor):
    model = with_middle(Scale(factor))
    with pytest.raises(ValueError, match=r"blocks\.1\.last: its input must be finite, and at most 2\*\*60"):
        planned(model)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_outputs_that_overflow_are_named():
    model = with_middle(nn.Identity()).half()
    model.blocks[0].first.weight *= 300
    model.blocks[0].last.weight *= 300
    with pytest.raises(ValueError, match=r"blocks\.0\.last: its output .* torch.float16 may be too narrow"):
        planned(model, 100 * x().half())


def test_operands_of_attention_that_are_not_finite_are_named():
    model = with_middle(nn.Sequential(Scale(torch.inf), Attending(ScaledDotProductAttention())))
    with pytest.raises(ValueError, match=r"blocks\.1\.middle\.1\.attend: its q must be finite"):
        planned(model)


def test_derivatives_that_are_not_finite_are_named():
    class Root(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (0 * x).square().sqrt()  # infinite slope at 0

    model = with_middle(Root())
    with pytest.raises(ValueError, match="derivatives of the model's output by it are not finite"):
        calibrate(model, [[x()]], Settings(choice="sensitivity"))
