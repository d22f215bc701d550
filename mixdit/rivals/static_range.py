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

    def __init__(self, ranges: Ranges, timesteps: Sequence[float], bits: int, groups: TimestepGroups):
        self.bits = bits
        self.groups = groups
        of_groups = groups.members(timesteps)
        self.low = torch.stack([ranges.low[steps].amin() for steps in of_groups])
        self.high = torch.stack([ranges.high[steps].amax() for steps in of_groups])

    def __call__(self, x: Tensor) -> Tensor:
        group = self.groups.current
        return asymmetric(x, self.bits, self.low[group], self.high[group])
