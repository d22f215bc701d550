"""A quantized copy of a model, as a plan says."""

from torch import nn

from mixdit.layers.attention import MXAttention
from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.balanced import check_balanced
from mixdit.layers.linear import MXLinear
from mixdit.layers.modules import Model, copy_structure, replace_module
from mixdit.layers.quantizable import OUTSIDE, linear_layers
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.product import Mode
from mixdit.timesteps.timestep_switch import one_or_switch, switch_by_timestep

__all__ = ["quantize_model"]


def quantize_model(model: Model, plan: Plan | TimestepPlan, mode: Mode = "fast") -> Model:
    """Copy a model and replace what ``plan`` names by `MXLinear` and `MXAttention`.

    Linear layers are ``nn.Linear``; one that stands at several places is replaced at all of them. Attention
    is `ScaledDotProductAttention`, or an attention module of diffusers, whose processor then attends on
    blocks. Everything else, parameters included, is shared with ``model``. What is not quantized, and why,
    `mixdit.layers.coverage.coverage` tells.

    Parameters
    ----------
    model:
        Any model, such as DiTTransformer2DModel, PixArtTransformer2DModel or SD3Transformer2DModel.
    plan:
        By paths of modules. A `TimestepPlan` takes a model whose ``forward`` has a parameter ``timestep``,
        ``timesteps`` or ``t``; all samples of a call must lie in one of its ranges.
    mode:
        See `mixdit.tensors.product.Mode`.

    Raises
    ------
    ValueError
        A path that leads to no such layer, a layer of which `mixdit.layers.quantizable.refusal` says that it
        cannot be quantized, weights that are not finite, a plan of another shape, or one of a model with
        balanced channels for a model without.
    """
    check_balanced(model, plan)
    result = copy_structure(model)
    linears = {name: module for name, module in result.named_modules() if isinstance(module, nn.Linear)}
    sites, layers_of_model = attention_sites(result), linear_layers(result)
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    for kind, planned, found in (
        ("linear", plans[0].linears, linears),
        ("attention", plans[0].attentions, sites),
    ):
        missing = [path for path in planned if path not in found]
        if missing:
            raise ValueError(f"the plan names {missing[0]!r}, but the model has no {kind} layer of that name")
    for path in plans[0].linears:
        reason = layers_of_model[path]
        if reason not in (None, OUTSIDE):
            raise ValueError(f"{path} {reason}: it cannot be quantized")
        try:
            layers = [MXLinear(linears[path], p.linears[path], mode) for p in plans]
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        replace_module(result, path, one_or_switch(layers))
    for path in plans[0].attentions:
        attentions = [MXAttention(p.attentions[path].heads, mode) for p in plans]
        replace_module(result, path, with_attention(sites[path], one_or_switch(attentions)))
    _without_fast_path(result)
    if isinstance(plan, TimestepPlan):
        switch_by_timestep(result, plan)
    return result


def _without_fast_path(model: nn.Module) -> None:
    """Have PyTorch's encoder layers call their modules; they would multiply by weights on their own."""
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            module.activation_relu_or_gelu = 0
        elif isinstance(module, nn.TransformerEncoder):
            module.use_nested_tensor = False
