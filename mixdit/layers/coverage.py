"""What of a model a plan quantizes, what it does not, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from mixdit.layers.attention_sites import attention_sites
from mixdit.layers.quantizable import OUTSIDE, linear_layers
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["LEFT_OUT", "VECTORS", "Coverage", "coverage"]

LEFT_OUT = "left out"
"""Entry of a plan's notes: why calibration left layers out, by path."""

VECTORS = "gets one vector per sample"

_BY_RULE = (OUTSIDE, VECTORS)
"""Reasons of layers that nobody quantizes: a negligible part of the work, or too sensitive."""


@dataclass(frozen=True)
class Coverage:
    """The layers of a model.

    Parameters
    ----------
    quantized:
        Paths of those that a plan names.
    left_out:
        Why others stay in floating point, by path: a rule of the method says so.
    refused:
        Likewise, where the rules would have them quantized, but the software cannot.
    """

    quantized: tuple[str, ...]
    left_out: Mapping[str, str]
    refused: Mapping[str, str]

    def check(self) -> None:
        """Raise ValueError, naming the first of the refused layers, if there are any."""
        for path, reason in self.refused.items():
            raise ValueError(f"{path} {reason}; layers that are not quantized: {len(self.refused)}")

    def reasons(self) -> list[dict[str, Any]]:
        """Layers in floating point: each reason, whether it is a rule, how many there are, and the first."""
        rows: dict[tuple[str, bool], list[str]] = {}
        for by_rule, layers in ((False, self.refused), (True, self.left_out)):
            for path, reason in layers.items():
                rows.setdefault((reason, by_rule), []).append(path)
        return [
            {"reason": reason, "by_rule": by_rule, "count": len(paths), "first": paths[0]}
            for (reason, by_rule), paths in rows.items()
        ]


def coverage(model: nn.Module, plan: Plan | TimestepPlan) -> Coverage:
    """What `mixdit.layers.quantize_model.quantize_model` does to a model.

    Parameters
    ----------
    model:
        In floating point.
    plan:
        For this model. What calibration saw, such as layers that were never called, it knows from the notes.
    """
    first = plan.plans[0] if isinstance(plan, TimestepPlan) else plan
    noted: Mapping[str, str] = first.notes.get(LEFT_OUT, {})
    reasons = linear_layers(model) | dict.fromkeys(attention_sites(model), None)
    reasons |= {
        path: "is a torch.nn.MultiheadAttention, which attends in floating point"
        for path, module in model.named_modules()
        if isinstance(module, nn.MultiheadAttention)
    }
    left_out: dict[str, str] = {}
    refused: dict[str, str] = {}
    for path, reason in (reasons | {path: None for path in noted if path not in reasons}).items():
        if path in first.linears or path in first.attentions:
            continue
        why = reason or noted.get(path) or "is not named by the plan"
        (left_out if why in _BY_RULE else refused)[path] = why
    return Coverage((*first.linears, *first.attentions), left_out, refused)
