"""One block format for all activations, one for all weights."""

from functools import partial

from torch import nn

from golden import MX6, MX9, MXINT8, Format
from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.layers import Layers, replace_layers
from mixdit.tensors.quantize import fake_quantize

__all__ = ["mxint8", "uniform_mx", "uniform_plan"]


def uniform_plan(layers: Layers, weight: Format, activation: Format) -> Plan:
    """Every layer with weights in one format, and activations and attention operands in another.

    Parameters
    ----------
    layers:
        Of the model.
    weight, activation:
        MX4, MX6 or MX9.
    """
    linears = {
        name: LinearPlan(in_features=layer.in_features, weight=weight, high=activation, low=activation)
        for name, layer in layers.linears.items()
    }
    attentions = {
        name: AttentionPlan(heads=(HeadFormats.of(activation),) * heads)
        for name, heads in layers.heads.items()
    }
    return Plan(linears=linears, attentions=attentions)


def uniform_mx(c: Calibration, weight: Format = MX6, activation: Format = MX9) -> nn.Module:
    """The model quantized by `uniform_plan`."""
    return quantize_model(c.model, uniform_plan(c.layers, weight, activation))


def mxint8(c: Calibration) -> nn.Module:
    """Everything in OCP MXINT8: blocks of 32 with one exponent."""
    quantizer = partial(fake_quantize, formats=MXINT8)
    return replace_layers(
        c.model,
        c.layers,
        lambda name, layer: QuantizedLinear(layer, activation=quantizer, weight=quantizer),
        lambda name: QuantizedAttention(q=quantizer, k=quantizer, p=quantizer, v=quantizer),
    )
