"""A plan for people: how much of each kind of layer is precise."""

import re
from collections import defaultdict
from typing import Any

from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["layer_table"]


def layer_table(plan: Plan | TimestepPlan) -> list[dict[str, Any]]:
    """Layers of the same name in all blocks together, such as ``transformer_blocks.*.attn1.to_q``."""
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    groups: dict[str, list[LinearPlan | AttentionPlan]] = defaultdict(list)
    for each in plans:
        for path, layer in [*each.linears.items(), *each.attentions.items()]:
            groups[re.sub(r"\.\d+\.", ".*.", path, count=1)].append(layer)
    return [
        {
            "layer": name,
            "count": len(layers) // len(plans),
            "with_outliers": sum(layer.mx9_share > 0 for layer in layers) / len(plans),
            "share": sum(x.mx9_share * x.elements for x in layers) / sum(x.elements for x in layers),
        }
        for name, layers in groups.items()
    ]
