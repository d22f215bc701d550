"""How close samples are to those of the float model with the same noise."""

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["decibels", "psnr", "ssim"]

PEAK = 2.0
"""Range of a pixel, -1 to 1."""

WINDOW = 7


def decibels(signal: float, noise: float) -> float:
    """``10 log10(signal / noise)``; infinite without noise."""
    return 10 * math.log10(signal / noise) if noise > 0 else math.inf


def psnr(images: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels over all pixels of ``[n, 1, height, width]``."""
    return decibels(PEAK**2, (images.double() - reference.double()).square().mean().item())


def ssim(images: Tensor, reference: Tensor) -> float:
    """Mean structural similarity with 7x7 uniform windows (Wang et al., IEEE TIP 2004), at most 1."""
    x, y = images.double() + 1, reference.double() + 1  # the measure is for intensities from 0 on

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, WINDOW, stride=1)

    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    mx, my = mean(x), mean(y)
    vx, vy = unbiased * (mean(x * x) - mx * mx), unbiased * (mean(y * y) - my * my)
    covariance = unbiased * (mean(x * y) - mx * my)
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    map_ = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return torch.mean(map_).item()
