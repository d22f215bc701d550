"""A quantized copy of a model, as a plan says."""

from torch import nn

from dit.attention import MXAttention
from dit.attention_sites import attention_sites, with_attention
from dit.linear import MXLinear
from dit.modules import Model, copy_structure, replace_module
from dit.plan import Plan
from dit.product import Mode

__all__ = ["quantize_model"]

def quantize_model(model: Model, plan: Plan, mode: Mode = "fast") -> Model:
    """Copy a model and replace what ``plan`` names by `MXLinear` and `MXAttention`.

    Linear layers are ``nn.Linear``. Attention is `ScaledDotProductAttention`, or an ``Attention`` module of
    diffusers, whose processor then attends on blocks. Everything else, parameters included, is shared with
    ``model``.

    Parameters
    ----------
    model:
        Any model, such as DiTTransformer2DModel, PixArtTransformer2DModel or SD3Transformer2DModel.
    plan:
        By paths of modules.
    mode:
        See `dit.product.Mode`.

    Raises
    ------
    ValueError
        A path that leads to no such layer, or a plan of another shape.
    """
    result = copy_structure(model)
    linears = {name: module for name, module in result.named_modules() if isinstance(module, nn.Linear)}
    sites = attention_sites(result)
    for kind, planned, found in (("linear", plan.linears, linears), ("attention", plan.attentions, sites)):
        missing = [name for name in planned if name not in found]
        if missing:
            raise ValueError(f"the plan names {missing[0]!r}, but the model has no {kind} layer of that name")
    for name, linear in plan.linears.items():
        try:
            replace_module(result, name, MXLinear(linears[name], linear, mode))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    for name, attention in plan.attentions.items():
        replace_module(result, name, with_attention(sites[name], MXAttention(attention.heads, mode)))
    return result
