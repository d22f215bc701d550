"""Formats of a network's layers: uniform ones, and MixDiT's shares of MX9."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from golden import MX6, MX9, Format
from golden.formats import BLOCK_SIZE
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan

__all__ = ["HEAD_SHARE", "LINEAR_SHARE", "MIXES", "Mix"]

LINEAR_SHARE, HEAD_SHARE = 0.05, 0.2
"""Most of a layer's blocks along K, and of an attention's heads, that are in MX9: MixDiT's shares."""

_MX6 = HeadFormats.of(MX6)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Formats of all layers.

    Parameters
    ----------
    title:
        For tables.
    weight, low:
        Formats of weights, and of activations that are not in MX9.
    mixed:
        Whether the shares of activations are in MX9, in an order of channels that calibration would choose.
    head:
        Formats of a head that is among the share.
    ordered:
        Whether those channels come first; else every block that holds one of them is in MX9.
    """

    title: str
    weight: Format
    low: Format
    mixed: bool = False
    head: HeadFormats = _MX6
    ordered: bool = True

    def plan(self, model: nn.Module) -> Plan:
        """Of a transformer of diffusers: every linear layer of its blocks, every attention.

        Linear layers that make modulations see a row per sample, whose errors every token feels: their
        activations are in MX9 as everywhere in the project.
        """
        linears, attentions = {}, {}
        for path, module in model.named_modules():
            if not path.startswith("transformer_blocks."):
                continue
            if isinstance(module, nn.Linear):
                linears[path] = self._linear(path, module.in_features)
            elif hasattr(module, "to_q"):
                attentions[path] = AttentionPlan(heads=self._heads(int(module.heads)))
        return Plan(linears=linears, attentions=attentions)

    def _linear(self, path: str, channels: int) -> LinearPlan:
        plan = LinearPlan(in_features=channels, weight=self.weight, high=MX9, low=self.low)
        if "norm" in path:
            return replace(plan, low=MX9)
        if not self.mixed:
            return plan
        order = np.random.default_rng(channels).permutation(channels)  # as scattered as outliers are
        blocks = int(LINEAR_SHARE * -(-channels // BLOCK_SIZE))
        if not self.ordered:
            return replace(plan, high_blocks=len(np.unique(order[: blocks * BLOCK_SIZE] // BLOCK_SIZE)))
        return replace(plan, high_blocks=blocks, permutation=tuple(map(int, order)))

    def _heads(self, count: int) -> tuple[HeadFormats, ...]:
        chosen = int(HEAD_SHARE * count) if self.mixed else 0
        return (self.head,) * chosen + (HeadFormats.of(self.low),) * (count - chosen)


MIXES: Mapping[str, Mix] = {
    "MX6": Mix(title="MX6", weight=MX6, low=MX6),
    "mixed": Mix(title="mixed", weight=MX6, low=MX6, mixed=True, head=HeadFormats.of(MX9)),
    "mixed-p": Mix(title="mixed, P alone", weight=MX6, low=MX6, mixed=True, head=replace(_MX6, p=MX9)),
    "MX9": Mix(title="MX9", weight=MX9, low=MX9),
}
"""Mixes by name."""
