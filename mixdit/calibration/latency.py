"""What layers of a model take of the array, by their formats."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise

from golden import MX6
from mixdit.calibration.statistics import BUCKETS, Statistics
from mixdit.plan.array_passes import Price, array_passes, head_products, linear_product
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.timesteps.timesteps import TIMESTEPS

__all__ = ["Latency", "in_mx6", "weights_of_ranges"]


class Latency:
    """Prices of layers in a pass of the model, from the shapes that statistics saw.

    Parameters
    ----------
    statistics:
        Of the model.
    price:
        What a product costs: passes of the array, or another model of time in its place.
    """

    def __init__(self, statistics: Statistics, price: Price = array_passes) -> None:
        self._statistics, self._price = statistics, price
        self._passes = max(1, statistics.passes)
        self.head = cache(self._head)

    def linear(self, path: str, plan: LinearPlan) -> float:
        """A linear layer."""
        entry = self._statistics.linears[path]
        tokens = entry.elements / (plan.in_features * self._passes)
        return self._price(linear_product(plan, entry.out_features, tokens))

    def _head(self, path: str, formats: HeadFormats) -> float:
        """One of the heads of an attention."""
        entry = self._statistics.attentions[path]
        width, heads = entry.head_width, entry.absmax.shape[2]
        q, k, p, v = (n / self._passes for n in entry.elements.tolist())
        tokens, keys = p * width / k, p * width / q
        count = q / (tokens * width * heads)
        shape = {"tokens": tokens, "keys": keys, "count": count}
        products = head_products(formats, width=width, value_width=round(v * width / k), **shape)
        return sum(map(self._price, products))

    def attention(self, path: str, plan: AttentionPlan) -> float:
        """All heads of an attention."""
        return sum(self.head(path, formats) for formats in plan.heads)

    def of(self, plan: Plan | TimestepPlan) -> float:
        """All layers of a plan, on average over timesteps."""
        if isinstance(plan, TimestepPlan):
            weights = weights_of_ranges(plan)
            return sum(w * self.of(each) for w, each in zip(weights, plan.plans, strict=True)) / BUCKETS
        linears = sum(self.linear(path, layer) for path, layer in plan.linears.items())
        return linears + sum(self.attention(path, layer) for path, layer in plan.attentions.items())

    def relative(self, plan: Plan | TimestepPlan) -> float:
        """`of` a plan over that of the same plan with all activations in MX6."""
        first = plan.plans[0] if isinstance(plan, TimestepPlan) else plan
        return self.of(plan) / self.of(in_mx6(first))


def in_mx6(plan: Plan) -> Plan:
    """The plan with all activations and operands of attention in MX6."""
    mx6 = HeadFormats.of(MX6)
    linears: Mapping[str, LinearPlan] = {
        path: replace(layer, high=MX6, low=MX6) for path, layer in plan.linears.items()
    }
    attentions = {
        path: replace(layer, heads=(mx6,) * len(layer.heads)) for path, layer in plan.attentions.items()
    }
    return replace(plan, linears=linears, attentions=attentions)


def weights_of_ranges(plan: TimestepPlan) -> list[int]:
    """How many of the `BUCKETS` ranges of timesteps each plan serves."""
    edges = [0, *(round(bound * BUCKETS / TIMESTEPS) for bound in plan.bounds), BUCKETS]
    return [stop - start for start, stop in pairwise(edges)]
