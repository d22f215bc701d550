"""Activations quantized between bounds that calibration fixed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mixdit.rivals.integer import asymmetric
from mixdit.rivals.statistics import Ranges
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["StaticRange"]


class StaticRange:
    """Asymmetric quantization between two bounds for the whole tensor, fixed for each group of timesteps.

    Parameters
    ----------
    ranges, timesteps:
        What calibration saw, and at which timesteps; the least and the greatest value of a group bound it.
    bits:
        Bits of an element.
    groups:
        Says which group the model is in.
    """

    def __init__(self, ranges: Ranges, timesteps: Sequence[int], bits: int, groups: TimestepGroups):
        self.bits = bits
        self.groups = groups
        membership = torch.tensor([groups.group(t) for t in timesteps])
        # A group that calibration never visited takes the range of all.
        of_group = [
            membership == g if (membership == g).any() else membership >= 0 for g in range(len(groups))
        ]
        self.low = torch.stack([ranges.low[steps].amin() for steps in of_group])
        self.high = torch.stack([ranges.high[steps].amax() for steps in of_group])

    def __call__(self, x: Tensor) -> Tensor:
        group = self.groups.current
        return asymmetric(x, self.bits, self.low[group], self.high[group])
