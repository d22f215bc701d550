"""What statistics say of a range of timesteps."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from mixdit.calibration.head_candidates import operand_elements
from mixdit.calibration.statistics import BUCKETS, Statistics, Summary
from mixdit.timesteps.timesteps import TIMESTEPS

__all__ = ["TimestepPart", "timestep_parts"]


@dataclass(frozen=True)
class TimestepPart:
    """A range of timesteps with a plan of its own.

    Parameters
    ----------
    statistics:
        Of the model.
    buckets:
        Ranges that statistics tell apart.

    Raises
    ------
    ValueError
        Some layer was not seen at these timesteps.
    """

    statistics: Statistics
    buckets: slice

    def __post_init__(self) -> None:
        unseen = [path for path, summary in self.summaries.items() if not len(summary.sample)]
        if unseen:
            first, last = (edge * TIMESTEPS // BUCKETS for edge in (self.buckets.start, self.buckets.stop))
            raise ValueError(
                f"no timestep from {first} to {last} was seen at {unseen[0]!r}: calibrate with more"
            )

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """Of the inputs of linear layers, by path."""
        return {path: entry.over(self.buckets) for path, entry in self.statistics.linears.items()}

    @property
    def weight(self) -> int:
        """How many of the `BUCKETS` it is."""
        return len(range(*self.buckets.indices(BUCKETS)))

    @property
    def elements(self) -> dict[str, int]:
        """Elements of the inputs of linear layers in a pass of the model, by path."""
        passes = max(1, self.statistics.passes)
        return {path: max(1, entry.elements // passes) for path, entry in self.statistics.linears.items()}

    @property
    def heads(self) -> dict[str, int]:
        """How many heads each attention has, by path."""
        return {path: entry.absmax.shape[2] for path, entry in self.statistics.attentions.items()}

    @property
    def operand_elements(self) -> dict[str, tuple[int, int, int, int]]:
        """Elements of q, k, p and v in a pass of the model, by path."""
        entries = self.statistics.attentions.items()
        return {path: operand_elements(entry, self.statistics.passes) for path, entry in entries}


def timestep_parts(statistics: Statistics, groups: int) -> list[TimestepPart]:
    """All timesteps in so many ranges of about the same length; ValueError for more than `BUCKETS`."""
    if groups > BUCKETS:
        raise ValueError(f"timestep_groups must be at most {BUCKETS}, not {groups}")
    edges = [round(i * BUCKETS / groups) for i in range(groups + 1)]
    return [TimestepPart(statistics, slice(*pair)) for pair in pairwise(edges)]
