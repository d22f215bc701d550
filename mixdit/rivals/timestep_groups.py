"""Groups of adjacent timesteps, and the group that the model is in."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mixdit.timesteps.timesteps import find_timesteps

__all__ = ["TimestepGroups", "cluster_adjacent", "split_evenly"]


class TimestepGroups:
    """Intervals of timesteps, numbered from 0 at the least timestep.

    Parameters
    ----------
    starts:
        Least timestep of every group but the first, ascending.
    """

    def __init__(self, starts: Sequence[float]):
        self.starts = list(starts)
        self.current = 0

    def __deepcopy__(self, memo: dict[int, object]) -> "TimestepGroups":
        """Copies of a model share their groups: whichever runs has set ``current``."""
        return self

    def __len__(self) -> int:
        return len(self.starts) + 1

    def group(self, timestep: float) -> int:
        """The group of a timestep."""
        return bisect_right(self.starts, timestep)

    def members(self, timesteps: Sequence[float]) -> list[Tensor]:
        """Which ``timesteps`` stand for each group: bool ``[timesteps]``; all for a group that has none."""
        of = torch.tensor([self.group(timestep) for timestep in timesteps])
        found = [of == group for group in range(len(self))]
        return [member if member.any() else torch.ones_like(member) for member in found]

    def follow(self, model: nn.Module) -> None:
        """Set ``current`` whenever ``model`` runs, from the first of its timesteps."""
        model.register_forward_pre_hook(self._enter, with_kwargs=True)

    def _enter(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        timesteps = find_timesteps(module, args, kwargs)
        if timesteps is None:
            raise ValueError("groups of timesteps take a model that is called with timesteps")
        self.current = self.group(float(timesteps.flatten()[0]))


def split_evenly(timesteps: Sequence[float], count: int) -> TimestepGroups:
    """At most ``count`` groups of as many timesteps each, or fewer in the last; ValueError for no group."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count!r}")
    ascending = sorted(timesteps)
    size = -(-len(ascending) // count)
    return TimestepGroups(ascending[size::size])


def cluster_adjacent(timesteps: Sequence[float], vectors: NDArray[np.float32], count: int) -> TimestepGroups:
    """At most ``count`` groups of adjacent timesteps with similar ``vectors`` ``[timesteps, d]``.

    Hierarchical clustering with centroid linkage in which only neighbours in time may merge.
    """
    order = np.argsort(timesteps)
    times = np.asarray(timesteps)[order]
    groups = [[i] for i in order]
    while len(groups) > count:
        centres = np.stack([vectors[group].mean(axis=0) for group in groups])
        nearest = int(np.linalg.norm(np.diff(centres, axis=0), axis=1).argmin())
        groups[nearest : nearest + 2] = [groups[nearest] + groups[nearest + 1]]
    ends = np.cumsum([len(group) for group in groups])[:-1]
    # A timestep between two that were seen belongs to the nearer one.
    return TimestepGroups([float(times[end - 1] + times[end]) / 2 for end in ends])
