"""Integer weights rounded for the error of their layer's output, as Q-DiT rounds them."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from mixdit.layers.batches import call
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.integer_grid import IntegerGrid
from mixdit.rivals.watch import watch_layers
from mixdit.rounding.compensated import round_columns

__all__ = ["Activation", "compensated_integers"]

Activation = Callable[[Tensor], Tensor]
"""What a layer makes of its input."""

_MOMENTS = 1 << 27
"""Second moments that are held at a time: 1 GiB in float64. Beyond, the batches are run once more."""


def compensated_integers(
    c: Calibration, bits: int, groups: Mapping[str, int], activations: Mapping[str, Activation]
) -> dict[str, Tensor]:
    """Weights of each linear layer, rounded by GPTQ (Frantar et al., arXiv 2210.17323).

    Parameters
    ----------
    c:
        The model and the batches whose inputs say which errors matter.
    bits:
        Of a weight.
    groups:
        By path, the neighbours along K that share a scale and a zero.
    activations:
        By path, what the layer makes of its input: errors count for what is multiplied.

    Returns
    -------
    By path, float32 ``[out_features, K]``.
    """
    rounded = {}
    for part in _parts(c.layers.linears):
        for path, moments in _second_moments(c, {path: activations[path] for path in part}).items():
            rounded[path] = round_columns(
                c.layers.linears[path].weight,
                moments,
                lambda weights, importance: IntegerGrid.of(weights, bits),
                group=groups[path],
            )
    return rounded


def _parts(linears: Mapping[str, nn.Linear]) -> Iterator[list[str]]:
    """Paths whose moments fit together."""
    part: list[str] = []
    held = 0
    for path, layer in linears.items():
        size = layer.in_features**2
        if part and held + size > _MOMENTS:
            yield part
            part, held = [], 0
        part.append(path)
        held += size
    yield part


def _second_moments(c: Calibration, activations: Mapping[str, Activation]) -> dict[str, Tensor]:
    """By path, the sum of ``y y^T`` over all tokens y that the layer multiplies: float64 ``[K, K]``."""
    moments: dict[str, Tensor] = {}

    def see(path: str, x: Tensor) -> None:
        if path in activations:
            y = activations[path](x).flatten(0, -2).double()
            moments[path] = moments.get(path, 0) + y.T @ y

    with torch.no_grad(), watch_layers(c.model, see, lambda path, *operands: None):
        for batch in c.batches:
            call(c.model, batch)
    return moments
