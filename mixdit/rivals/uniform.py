"""One block format for all activations, one for all weights."""

from functools import partial

from torch import nn

from golden import MX6, MX9, MXINT8, Format
from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.rivals.layers import quantized_attentions, quantized_linears, replace_layers
from mixdit.tensors.quantize import fake_quantize

__all__ = ["mxint8", "uniform_mx", "uniform_plan"]


def uniform_plan(model: nn.Module, heads: int, weight: Format, activation: Format) -> Plan:
    """Every layer with weights in one format, and activations and attention operands in another.

    Parameters
    ----------
    model:
        The model.
    heads:
        Heads of each attention.
    weight, activation:
        MX4, MX6 or MX9.
    """
    linears = {
        name: LinearPlan(in_features=layer.in_features, weight=weight, high=activation, low=activation)
        for name, layer in quantized_linears(model).items()
    }
    attention = AttentionPlan(heads=(HeadFormats.of(activation),) * heads)
    return Plan(linears=linears, attentions=dict.fromkeys(quantized_attentions(model), attention))


def uniform_mx(model: nn.Module, weight: Format = MX6, activation: Format = MX9) -> nn.Module:
    """A `DigitsTransformer` quantized by `uniform_plan`."""
    return quantize_model(model, uniform_plan(model, model.shape.heads, weight, activation))


def mxint8(model: nn.Module) -> nn.Module:
    """Everything in OCP MXINT8: blocks of 32 with one exponent."""
    quantizer = partial(fake_quantize, formats=MXINT8)
    return replace_layers(
        model,
        lambda name, layer: QuantizedLinear(layer, activation=quantizer, weight=quantizer),
        lambda name: QuantizedAttention(q=quantizer, k=quantizer, p=quantizer, v=quantizer),
    )
