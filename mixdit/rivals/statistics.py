"""Ranges of activations over the timesteps, from calibration batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mixdit.layers.batches import Batch, call
from mixdit.rivals.layers import Layers
from mixdit.rivals.watch import watch_layers
from mixdit.timesteps.timesteps import find_timesteps

__all__ = ["Ranges", "RangesOf", "collect_ranges", "timestep_of"]


@dataclass(frozen=True, eq=False)
class Ranges:
    """Least and largest value of each channel at each timestep: float32 ``[timesteps, channels]``."""

    low: Tensor
    high: Tensor

    @property
    def largest(self) -> Tensor:
        """Largest magnitude: float32 ``[timesteps, channels]``."""
        return torch.maximum(self.low.abs(), self.high.abs())


RangesOf = dict[str, list[Ranges]]
"""By path, the ranges of a linear layer's input, or of the q, k and v of an attention."""


def timestep_of(model: nn.Module, batch: Batch) -> float:
    """The first timestep that a model is called with in ``batch``; ValueError if there is none."""
    args, kwargs = ((), dict(batch)) if isinstance(batch, Mapping) else (tuple(batch), {})
    found = find_timesteps(model, args, kwargs)
    if found is None:
        raise ValueError("the model is not called with timesteps")
    return float(found.flatten()[0])


def collect_ranges(model: nn.Module, batches: Sequence[Batch], layers: Layers) -> RangesOf:
    """Run ``batches`` through ``model``, and observe the inputs of ``layers``.

    Returns
    -------
    Ranges over each distinct timestep, from noise to image. Channels are an input's last axis, and those of
    q, k and v head by head.
    """
    seen: dict[str, dict[float, list[tuple[Tensor, Tensor]]]] = {}
    now = 0.0

    def add(path: str, operands: Sequence[Tensor]) -> None:
        bounds = [x.flatten(0, -2).aminmax(dim=0) for x in operands]
        steps = seen.setdefault(path, {})
        if before := steps.get(now):
            bounds = [
                (torch.minimum(low, a), torch.maximum(high, b))
                for (low, high), (a, b) in zip(before, bounds, strict=True)
            ]
        steps[now] = [(low, high) for low, high in bounds]

    def see_linear(path: str, x: Tensor) -> None:
        if path in layers.linears:
            add(path, [x])

    def see_attention(path: str, *operands: Tensor) -> None:
        add(path, [x.transpose(1, 2).flatten(2) for x in operands])

    with torch.inference_mode(), watch_layers(model, see_linear, see_attention):
        for batch in batches:
            now = timestep_of(model, batch)
            call(model, batch)
    return {path: _stack([steps[t] for t in sorted(steps, reverse=True)]) for path, steps in seen.items()}


def _stack(rows: Sequence[Sequence[tuple[Tensor, Tensor]]]) -> list[Ranges]:
    return [
        Ranges(torch.stack([low for low, _ in column]), torch.stack([high for _, high in column]))
        for column in zip(*rows, strict=True)
    ]
