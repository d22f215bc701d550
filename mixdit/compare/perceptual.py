"""How far pictures are apart in the features of a network."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["perceptual_distance"]


@torch.inference_mode()
def perceptual_distance(network: nn.Module, pairs: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Mean of the squared distances of normalized features, summed over a network's maps.

    As LPIPS (Zhang et al., arXiv 1801.03924) with weights of 1 for all channels: each position's features are
    divided by their norm. Networks with LPIPS's own weights inside give LPIPS.

    Parameters
    ----------
    network:
        From uint8 ``[1, 3, height, width]`` to features ``[1, channels, ...]``, or to several of those.
    pairs:
        Pictures uint8 ``[3, height, width]``, at least 1 pair.
    """
    distances = [
        sum(_apart(x, y) for x, y in zip(_maps(network, a), _maps(network, b), strict=True)) for a, b in pairs
    ]
    return float(sum(distances)) / len(distances)


def _maps(network: nn.Module, picture: Tensor) -> list[Tensor]:
    output: Any = network(picture[None])
    maps = [output] if isinstance(output, Tensor) else list(output)
    return [functional.normalize(x.double(), dim=1) for x in maps]


def _apart(x: Tensor, y: Tensor) -> float:
    return (x - y).square().sum(1).mean().item()
