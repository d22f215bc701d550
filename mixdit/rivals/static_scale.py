"""Activations quantized by scales that calibration fixed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mixdit.rivals.integer import TINY, symmetric
from mixdit.rivals.statistics import Ranges
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["StaticScale"]


class StaticScale:
    """Symmetric quantization by one scale for the whole tensor, fixed for each group of timesteps.

    Parameters
    ----------
    ranges, timesteps:
        What calibration saw, and at which timesteps; the largest magnitude of a group sets its scale.
    bits:
        Bits of an element.
    groups:
        Says which group the model is in.
    """

    def __init__(self, ranges: Ranges, timesteps: Sequence[float], bits: int, groups: TimestepGroups):
        self.bits = bits
        self.groups = groups
        largest = torch.stack([ranges.largest[steps].amax() for steps in groups.members(timesteps)])
        self.scales = largest.clamp_min(TINY) / (2 ** (bits - 1) - 1)

    def __call__(self, x: Tensor) -> Tensor:
        return symmetric(x, self.bits, scale=self.scales[self.groups.current])
