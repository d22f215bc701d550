"""Plans and packed weights of models with balanced channels: there and back, and never to another model."""

import json
from dataclasses import replace

import pytest
import torch
from diffusers import PixArtTransformer2DModel
from safetensors.torch import load_file, save_file
from torch import nn

from golden import MX6, MX9
from golden.engine import EngineParameters
from mixdit.calibration.calibrate import calibrate
from mixdit.calibration.settings import Settings
from mixdit.compiler.diffusers_blocks import diffusers_block
from mixdit.compiler.digits_program import digits_program
from mixdit.layers.balanced import balanced_layers, plan_of_balanced, with_balanced
from mixdit.layers.modules import copy_structure
from mixdit.layers.packed import load_packed, restore, save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import Plan
from mixdit.plan.plan_file import load_plan, plan_from_json, plan_to_json, save_plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.rounding.balance import balance
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.rounding.round_weights import round_weights
from verif.mixdit.called_models import CASES, outputs

WEIGHTS, LAYERS = "weights.safetensors", "balanced.safetensors"
NOT_BALANCED = "is of a model with balanced channels .* and this model's are not balanced: load the packed"


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A model, batches, the same balanced, and its plan."""
    model, batches = CASES[request.param]()
    balanced = balance(model, batches)
    return model, batches, balanced, calibrate(balanced, batches)


def copied(model: nn.Module) -> nn.Module:
    """With parameters of its own."""
    result = copy_structure(model)
    for module in result.modules():
        for name, parameter in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(parameter.detach().clone(), requires_grad=False))
    return result


def test_packed_weights_hold_all_that_is_balanced(case, tmp_path):
    """Every bit, and nothing is left of the model's own layers."""
    model, batches, balanced, plan = case
    save_packed(balanced, plan, tmp_path / WEIGHTS)
    want = outputs(quantize_model(balanced, plan), batches)
    fresh = copied(model)
    for path in plan.balanced:
        for parameter in fresh.get_submodule(path).parameters():
            parameter.fill_(torch.nan)
    packed = load_packed(tmp_path / WEIGHTS)
    assert packed.plan == plan
    restore(fresh, packed)
    assert torch.equal(outputs(quantize_model(fresh, packed.plan), batches), want)
    restore(fresh, packed)  # once more, nothing changes
    assert torch.equal(outputs(quantize_model(fresh, packed.plan), batches), want)
    assert not torch.equal(outputs(quantize_model(model, replace(plan, balanced={})), batches), want)


def test_files_of_layers_hold_the_function(case, tmp_path):
    """Balanced layers alone take a plan to a model, before any weight is quantized."""
    model, batches, balanced, plan = case
    layers = {path: balanced.get_submodule(path) for path in plan.balanced}
    save_layers(layers, tmp_path / LAYERS, {})
    loaded = with_balanced(model, load_layers(tmp_path / LAYERS))
    assert balanced_layers(loaded) == balanced_layers(balanced) == plan.balanced
    want = outputs(model, batches)
    assert (outputs(loaded, batches) - want).abs().max() < 1e-4 * want.abs().max()
    assert torch.equal(outputs(loaded, batches), outputs(balanced, batches))
    quantized = outputs(quantize_model(loaded, plan), batches)
    assert torch.equal(quantized, outputs(quantize_model(balanced, plan), batches))
    # One layer of them is missing, or another one.
    some = dict(list(layers.items())[1:])
    other = {**layers, **{path: model.get_submodule(path) for path in list(layers)[:1]}}
    for wrong in (some, other):
        with pytest.raises(ValueError, match="this model's are balanced otherwise"):
            quantize_model(with_balanced(model, wrong), plan)


def compile_block(model: nn.Module, plan: Plan):
    """The first one."""
    if not hasattr(model, "blocks"):
        return diffusers_block(model, 0, plan=plan)
    parameters = EngineParameters(reorder_columns=128)
    return digits_program(model, range(1), plan=plan, weight=MX6, activation=MX9, parameters=parameters)


def test_a_model_without_balanced_channels_is_refused(case):
    model, batches, balanced, plan = case
    with pytest.raises(ValueError, match=NOT_BALANCED):
        quantize_model(model, plan)
    with pytest.raises(ValueError, match=NOT_BALANCED):
        round_weights(model, plan, batches)
    with pytest.raises(ValueError, match=NOT_BALANCED):
        compile_block(model, plan)
    again = balance(model, batches, 0.5)
    assert again.state_dict().keys() == balanced.state_dict().keys()
    with pytest.raises(ValueError, match="this model's are balanced otherwise"):
        quantize_model(again, plan)


def test_weights_of_other_channels_are_not_packed(case, tmp_path):
    model, _, balanced, plan = case
    path = tmp_path / WEIGHTS
    with pytest.raises(ValueError, match=NOT_BALANCED):
        save_packed(model, plan, path)
    with pytest.raises(ValueError, match=r"has balanced channels, which the plan does not say"):
        save_packed(balanced, replace(plan, balanced={}), path)
    assert not list(tmp_path.iterdir())


def test_rounded_weights_are_balanced_too(case, tmp_path):
    """Packed weights are those that were rounded; layers in floating point are the balanced ones."""
    model, batches, balanced, plan = case
    rounded = round_weights(balanced, plan, batches[:1])
    save_packed(rounded, plan, tmp_path / WEIGHTS)
    fresh = copied(model)
    restore(fresh, load_packed(tmp_path / WEIGHTS))
    want = outputs(quantize_model(rounded, plan), batches)
    assert torch.equal(outputs(quantize_model(fresh, plan), batches), want)
    assert not torch.equal(want, outputs(quantize_model(balanced, plan), batches))


@pytest.mark.parametrize("name", ["dit", "sd3", "digits"])
def test_a_file_without_one_of_its_layers_is_refused(name, tmp_path):
    model, batches = CASES[name]()
    balanced = balance(model, batches)
    plan = calibrate(balanced, batches)
    path = tmp_path / WEIGHTS
    save_packed(balanced, plan, path)
    tensors = load_file(path)
    floats = [key for key in tensors if key.startswith("balanced.")]
    assert {key.removeprefix("balanced.").rpartition(".")[0] for key in floats} == (
        plan.balanced.keys() - plan.linears.keys()
    )
    assert floats
    metadata = {"mixdit": json.dumps(plan_to_json(plan))}
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for key in (floats[0], floats[1]):
        changed = {**tensors, key: tensors[key] + 1}
        for wrong in ({k: v for k, v in tensors.items() if k != key}, changed):
            save_file(wrong, path, metadata)
            with pytest.raises(ValueError, match=r"balanced channels, and its .* is not with the weights"):
                restore(model, load_packed(path))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    save_file(tensors, path, metadata)
    restore(model, load_packed(path))


def test_weights_do_not_go_into_a_model_of_other_channels(tmp_path):
    model, batches = CASES["digits"]()
    balanced = balance(model, batches)
    plain = calibrate(model, batches)
    assert not plain.balanced
    save_packed(model, plain, tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match="the model has balanced channels that are not those of the weights"):
        restore(balanced, load_packed(tmp_path / WEIGHTS))
    # A plan alone does not depend on what channels hold.
    quantize_model(balanced, plain)


def test_values_without_a_bias_get_one(tmp_path):
    """What their mean is shifted by has no other place."""
    torch.manual_seed(0)
    model = PixArtTransformer2DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=4, out_channels=8, num_layers=1,
        cross_attention_dim=32, sample_size=8, caption_channels=32, use_additional_conditions=False,
        attention_bias=False,
    ).eval().requires_grad_(False)  # fmt: skip
    batches = [
        {
            "hidden_states": torch.randn(2, 4, 8, 8),
            "timestep": torch.full((2,), t),
            "encoder_hidden_states": torch.randn(2, 5, 32) + 1,
        }
        for t in (900, 100)
    ]
    values = "transformer_blocks.0.attn2.to_v"
    balanced = balance(model, batches)
    assert model.get_submodule(values).bias is None
    assert balanced.get_submodule(values).bias is not None
    plan = calibrate(balanced, batches)
    save_packed(balanced, plan, tmp_path / WEIGHTS)
    restore(model, load_packed(tmp_path / WEIGHTS))
    want = outputs(quantize_model(balanced, plan), batches)
    assert torch.equal(outputs(quantize_model(model, plan), batches), want)


def test_plans_say_that_they_are_of_balanced_channels(tmp_path):
    """In their files too; those of other models are as they were."""
    balanced = {"blocks.0.modulation": "0123456789abcdef"}
    plan = Plan(balanced=balanced)
    entry = plan_to_json(plan)
    assert (entry["version"], entry["balanced"]) == (3, balanced)
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan
    plain = plan_to_json(Plan())
    assert plain["version"] == 2
    assert "balanced" not in plain
    for wrong, message in (
        ({}, r"balanced must name at least 1 layer, not 0"),
        ([], r"balanced must be an object"),
        ({"x": 1}, r"balanced\['x'\] must be a string, not 1"),
    ):
        with pytest.raises(ValueError, match=message):
            plan_from_json(entry | {"balanced": wrong})
    both = plan_of_balanced(TimestepPlan((500.0,), (Plan(), Plan())), balanced)
    assert plan_from_json(plan_to_json(both)) == both
    assert both.balanced == balanced
    with pytest.raises(ValueError, match="plans must be of one model, with the same balanced channels"):
        TimestepPlan((500.0,), (plan, Plan()))


def test_layers_that_do_more_than_multiply_stay_as_they_are():
    """And with them those that they would have to change with."""
    model, batches = CASES["digits"]()
    model.blocks[0].fc1.register_forward_hook(lambda module, args, output: output * 2)
    balanced = balance(model, batches)
    assert balanced.blocks[0].fc1.weight is model.blocks[0].fc1.weight
    assert {"blocks.0.fc1", "blocks.1.fc1"} & balanced_layers(balanced).keys() == {"blocks.1.fc1"}
    want = outputs(model, batches)
    assert (outputs(balanced, batches) - want).abs().max() < 1e-4 * want.abs().max()


def test_other_layers_are_no_balanced_layers():
    model, _ = CASES["digits"]()
    with pytest.raises(
        ValueError, match=r"'blocks.9.fc1' must be a linear layer of 3 channels and 5 outputs"
    ):
        with_balanced(model, {"blocks.9.fc1": nn.Linear(3, 5)})


def test_by_timestep(tmp_path):
    """Of several plans, restored weights are those of the first, of the least timesteps."""
    model, batches = CASES["digits"]()
    balanced = balance(model, batches)
    settings = Settings(timestep_groups=2, rounding="nearest")
    plan = calibrate(balanced, batches, settings)
    assert isinstance(plan, TimestepPlan)
    assert plan.balanced == balanced_layers(balanced)
    save_packed(balanced, plan, tmp_path / WEIGHTS)
    packed = load_packed(tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match=NOT_BALANCED):
        quantize_model(model, packed.plan)
    restore(model, packed)
    last = batches[-1:]
    assert plan.index(last[0][1].max().item()) == 0
    want = outputs(quantize_model(balanced, plan), last)
    assert torch.equal(outputs(quantize_model(model, packed.plan), last), want)
