"""Ranges of activations over the timesteps, from calibration batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Batch", "Ranges", "RangesOf", "collect_ranges"]

Batch = tuple[Tensor, Tensor, Tensor]
"""Images, timesteps and labels, as the model takes them; the timestep is the same throughout the batch."""


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
"""By module, the ranges of each of its inputs."""


def collect_ranges(model: nn.Module, batches: Sequence[Batch], modules: dict[str, nn.Module]) -> RangesOf:
    """Run ``batches`` through ``model``, and observe the inputs of ``modules`` (part of it).

    Returns
    -------
    For each module the ranges of each of its inputs, channels being an input's last axis, and timesteps
    in the order of the batches.
    """
    seen: dict[str, list[list[tuple[Tensor, Tensor]]]] = {name: [] for name in modules}
    handles = [module.register_forward_pre_hook(_observer(seen[name])) for name, module in modules.items()]
    try:
        with torch.inference_mode():
            for batch in batches:
                model(*batch)
    finally:
        for handle in handles:
            handle.remove()
    return {name: [_stack(column) for column in zip(*rows, strict=True)] for name, rows in seen.items()}


def _observer(rows: list[list[tuple[Tensor, Tensor]]]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def observe(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        rows.append([x.flatten(0, -2).aminmax(dim=0) for x in inputs])

    return observe


def _stack(column: Sequence[tuple[Tensor, Tensor]]) -> Ranges:
    return Ranges(torch.stack([low for low, _ in column]), torch.stack([high for _, high in column]))
