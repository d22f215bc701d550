"""Plans that depend on the timestep."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from mixdit.plan.plan import Plan


@dataclass(frozen=True)
class TimestepPlan:
    """One plan per range of timesteps.

    Parameters
    ----------
    bounds:
        Timesteps at which the next plan begins, ascending: plan i serves ``bounds[i - 1] <= t < bounds[i]``.
    plans:
        One more than there are bounds; all name the same layers, and are of the same model.

    Raises
    ------
    ValueError
        A number of plans that does not fit, bounds that are not finite or do not ascend, or plans for
        different layers or of models whose channels are balanced in different ways.
    """

    bounds: tuple[float, ...]
    plans: tuple[Plan, ...]

    def __post_init__(self) -> None:
        count = len(self.bounds) + 1
        if len(self.plans) != count:
            raise ValueError(f"{count - 1} bounds take {count} plans, not {len(self.plans)}")
        if not all(map(isfinite, self.bounds)) or list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError(f"bounds must be finite and ascend, not {self.bounds}")
        layers = [(plan.linears.keys(), plan.attentions.keys()) for plan in self.plans]
        if any(named != layers[0] for named in layers):
            raise ValueError("plans must name the same layers")
        if any(plan.balanced != self.balanced for plan in self.plans):
            raise ValueError("plans must be of one model, with the same balanced channels")

    def index(self, timestep: float) -> int:
        """Which plan serves a timestep."""
        return sum(timestep >= bound for bound in self.bounds)

    @property
    def balanced(self) -> Mapping[str, str]:
        """`Plan.balanced`, that of all plans."""
        return self.plans[0].balanced

    @property
    def mx9_linear(self) -> float:
        """`Plan.mx9_linear`, averaged over the plans."""
        return sum(plan.mx9_linear for plan in self.plans) / len(self.plans)

    @property
    def mx9_attention(self) -> float:
        """`Plan.mx9_attention`, averaged over the plans."""
        return sum(plan.mx9_attention for plan in self.plans) / len(self.plans)
