"""Every way to quantize a diffusion transformer that the project compares, by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from golden import MX4, MX6, MX9, MXINT8, Format
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import Plan
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.htg import htg
from mixdit.rivals.integer import grouped_bits
from mixdit.rivals.layers import replace_layers
from mixdit.rivals.plain import per_tensor, per_token
from mixdit.rivals.qdit import BUDGET_GROUP_SIZE, qdit
from mixdit.rivals.uniform import mxint8, uniform_mx, uniform_plan
from mixdit.rivals.viditq import viditq
from mixdit.rivals.viditq_mp import BUDGET_BITS, viditq_mp
from mixdit.rounding.balance import balance
from mixdit.rounding.round_weights import round_weights

__all__ = ["VARIANTS", "Variant"]

TIMESTEP_GROUPS = 5
EXCHANGES = 1000
VIDITQ_TIMESTEP_RANGES = 2
"""As in the configurations of the authors' code."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A way to quantize.

    Parameters
    ----------
    name:
        Its name.
    weights, activations, attention:
        What is multiplied in linear layers, and q, k, p and v, in words.
    build:
        Makes the quantized model.
    weight_bits:
        Bits of a weight in memory, with its share of the scales of its block or group; scales of whole rows
        or matrices are left out.
    standard:
        Whether it is one of those that are compared by default; others take minutes to make.
    """

    name: str
    weights: str
    activations: str
    attention: str
    build: Callable[[Calibration], nn.Module]
    weight_bits: float = 32.0
    standard: bool = True

    @property
    def description(self) -> dict[str, str | float]:
        """What it is: the fields of a line of the quality table."""
        return {
            "variant": self.name,
            "weights": self.weights,
            "activations": self.activations,
            "attention": self.attention,
            "weight_bits": self.weight_bits,
        }


def _float32(c: Calibration) -> nn.Module:
    return c.model


def _bfloat16(c: Calibration) -> nn.Module:
    def narrow(x: torch.Tensor) -> torch.Tensor:
        return x.bfloat16().float()

    return replace_layers(
        c.model,
        c.layers,
        lambda name, layer: QuantizedLinear(layer, activation=narrow, weight=narrow),
        lambda name: QuantizedAttention(q=narrow, k=narrow, p=narrow, v=narrow),
    )


def _integer(
    name: str,
    scheme: str,
    build: Callable[[Calibration, int], nn.Module],
    bits: int,
    weight_bits: float | None = None,
) -> Variant:
    return Variant(
        name=name,
        weights=f"INT{bits}",
        activations=f"INT8 {scheme}",
        attention=f"INT8 per {'tensor' if 'tensor' in scheme else 'row'}",
        build=lambda c: build(c, bits),
        weight_bits=bits if weight_bits is None else weight_bits,
    )


def _viditq_by_timestep(c: Calibration, bits: int) -> nn.Module:
    return viditq(c, bits, timestep_ranges=VIDITQ_TIMESTEP_RANGES)


def _uniform(name: str, weight: Format, activation: Format) -> Variant:
    return Variant(
        name=name,
        weights=str(weight),
        activations=str(activation),
        attention=str(activation),
        build=lambda c: uniform_mx(c, weight, activation),
        weight_bits=weight.average_bits,
    )


def _mixed(name: str, settings: Settings) -> Variant:
    def make(c: Calibration) -> nn.Module:
        return quantize_model(c.model, make_plan(c.for_choice(settings), settings))

    words = f"{settings.low}, some {settings.high}"
    return Variant(
        name=name,
        weights=str(settings.weight),
        activations=words,
        attention=words,
        build=make,
        weight_bits=settings.weight.average_bits,
    )


def _compensated(of: Variant, plan: Callable[[Calibration], Plan]) -> Variant:
    """The same with weights that are rounded for the error of each layer's output."""

    def make(c: Calibration) -> nn.Module:
        found = plan(c)
        return quantize_model(round_weights(c.model, found, c.batches), found)

    return replace(of, name=f"{of.name}, compensated", build=make, standard=False)


def _uniform_compensated(name: str, weight: Format, activation: Format) -> Variant:
    return _compensated(
        _uniform(name, weight, activation),
        lambda c: uniform_plan(c.layers, weight, activation),
    )


def _mixed_compensated(
    name: str, settings: Settings, change: Callable[[Plan], Plan] = lambda plan: plan
) -> Variant:
    def plan(c: Calibration) -> Plan:
        found = make_plan(c.for_choice(settings), settings)
        assert isinstance(found, Plan), "weights are rounded for one plan"
        return change(found)

    return _compensated(_mixed(name, settings), plan)


def _balanced(of: Variant) -> Variant:
    """The same of a model with balanced channels."""

    def make(c: Calibration) -> nn.Module:
        return of.build(Calibration(balance(c.model, c.batches), c.batches))

    return replace(of, name=f"{of.name}, balanced", build=make, standard=False)


def _p_alone(plan: Plan) -> Plan:
    """The same with the probabilities alone of each of its heads in MX9."""
    return _with_heads(plan, lambda head: replace(_MX6, p=head.p))


def _with_heads(plan: Plan, change: Callable[[HeadFormats], HeadFormats]) -> Plan:
    attentions = {
        path: replace(attention, heads=tuple(map(change, attention.heads)))
        for path, attention in plan.attentions.items()
    }
    return replace(plan, attentions=attentions)


def _attention(
    name: str, words: str, settings: Settings, change: Callable[[HeadFormats], HeadFormats] = HeadFormats.of
) -> Variant:
    """Attention alone in blocks: the plan's heads, changed one by one."""

    def make(c: Calibration) -> nn.Module:
        found = make_plan(c.for_choice(settings), settings)
        assert isinstance(found, Plan), "heads are changed in one plan"
        return quantize_model(c.model, Plan(attentions=_with_heads(found, change).attentions))

    return Variant(name=name, weights="FP32", activations="FP32", attention=words, build=make, standard=False)


_MIXED = Settings()
_MX6 = HeadFormats.of(MX6)
_EXCHANGE = replace(_MIXED, choice="sensitivity", exchanges=EXCHANGES)
_OPERANDS = replace(_MIXED, choice="sensitivity", heads="operands")
_LATENCY = replace(_OPERANDS, latency=1.07)
_BOTH = replace(_MIXED, choice="sensitivity", timestep_groups=TIMESTEP_GROUPS)

VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(name="FP32", weights="FP32", activations="FP32", attention="FP32", build=_float32),
        Variant(
            name="BF16",
            weights="BF16",
            activations="BF16",
            attention="BF16",
            build=_bfloat16,
            weight_bits=16,
        ),
        _integer("W8A8 per tensor", "per tensor", per_tensor, 8),
        _integer("W8A8 per token", "per token", per_token, 8),
        _integer("HTG W8A8", "per tensor and timestep group", htg, 8),
        _integer("ViDiT-Q W8A8", "per token", viditq, 8),
        _integer("Q-DiT W8A8", "per group", qdit, 8, grouped_bits(8, BUDGET_GROUP_SIZE)),
        _integer("W4A8 per tensor", "per tensor", per_tensor, 4),
        _integer("W4A8 per token", "per token", per_token, 4),
        _integer("HTG W4A8", "per tensor and timestep group", htg, 4),
        _integer("ViDiT-Q W4A8", "per token", viditq, 4),
        _integer("Q-DiT W4A8", "per group", qdit, 4, grouped_bits(4, BUDGET_GROUP_SIZE)),
        Variant(
            name="ViDiT-Q-MP",
            weights="INT4, some INT8",
            activations="INT8 per token",
            attention="INT8 per row",
            build=viditq_mp,
            weight_bits=BUDGET_BITS,
        ),
        Variant(
            name="MXINT8",
            weights="MXINT8",
            activations="MXINT8",
            attention="MXINT8",
            build=mxint8,
            weight_bits=MXINT8.average_bits,
        ),
        _uniform("MX9", MX9, MX9),
        _uniform("W MX6, A MX9", MX6, MX9),
        _mixed("mixed", _MIXED),
        _mixed("mixed by sensitivity", replace(_MIXED, choice="sensitivity")),
        _mixed("mixed by exchange", _EXCHANGE),
        _mixed("mixed by timestep", replace(_MIXED, timestep_groups=TIMESTEP_GROUPS)),
        _mixed("mixed by both", _BOTH),
        _mixed("mixed, threshold", replace(_MIXED, dynamic=True)),
        _mixed("mixed, no reordering", replace(_MIXED, reorder=False)),
        _mixed("mixed at random", replace(_MIXED, choice="random")),
        _uniform("MX6", MX6, MX6),
        _mixed("MX4/MX9", replace(_MIXED, low=MX4)),
        _mixed("MX4/MX9 by both", replace(_BOTH, low=MX4)),
        _uniform("W MX6, A MX4", MX6, MX4),
        _uniform("MX4", MX4, MX4),
        replace(
            _integer("ViDiT-Q W4A8 by timestep", "per token", _viditq_by_timestep, 4),
            standard=False,
        ),
        _uniform_compensated("W MX6, A MX9", MX6, MX9),
        _mixed_compensated("mixed", _MIXED),
        _mixed_compensated("mixed, p alone", _MIXED, _p_alone),
        _mixed_compensated("mixed by exchange", _EXCHANGE),
        _mixed_compensated("mixed at random", replace(_MIXED, choice="random")),
        _uniform_compensated("MX6", MX6, MX6),
        replace(_mixed("mixed by operands", _OPERANDS), standard=False),
        replace(_mixed("mixed within 1.07", _LATENCY), standard=False),
        _mixed_compensated("mixed by operands", _OPERANDS),
        _mixed_compensated("mixed within 1.07", _LATENCY),
        _balanced(_uniform("MX6", MX6, MX6)),
        _balanced(_mixed("mixed", _MIXED)),
        _balanced(_mixed_compensated("mixed", _MIXED)),
        _balanced(_mixed_compensated("mixed by exchange", _EXCHANGE)),
        _balanced(_mixed_compensated("mixed by operands", _OPERANDS)),
        _balanced(_mixed_compensated("mixed within 1.07", _LATENCY)),
        _attention("attention MX6", "MX6", _MIXED, lambda head: _MX6),
        _attention("attention mixed", "MX6, some MX9", _MIXED),
        _attention("attention mixed, p alone", "MX6, some p MX9", _MIXED, lambda h: replace(_MX6, p=h.p)),
        _attention("attention p in MX9", "MX6, p MX9", _MIXED, lambda head: replace(_MX6, p=MX9)),
        _attention("attention by operands", "MX6, some MX9", _OPERANDS),
    )
}
"""In the order of the table."""
