"""The plan of ``mixdit sample``, by which every product of a block is one of blocks."""

from dataclasses import replace

from torch import nn

from golden import MX9
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Heads, Settings
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.rivals.calibration import Calibration

__all__ = ["whole_blocks"]


def whole_blocks(calibration: Calibration, heads: Heads) -> Plan:
    """The mixed plan, and the modulation of each block in MX9: every product of every block is planned.

    ``heads``: whether those in MX9 are so whole, or each of their q, k, p and v where it pays.
    """
    settings = Settings(heads=heads, choice="sensitivity" if heads == "operands" else "magnitude")
    plan = make_plan(calibration.statistics, settings)
    assert isinstance(plan, Plan)
    linears = {
        name: plan.linears.get(name)
        or LinearPlan(in_features=layer.in_features, weight=MX9, high=MX9, low=MX9)
        for name, layer in calibration.model.named_modules()
        if isinstance(layer, nn.Linear) and name.startswith("blocks.")
    }
    return replace(plan, linears=linears)
