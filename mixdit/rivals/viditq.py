"""ViDiT-Q: channels balanced by a fixed scale and a rotation (Zhao et al., arXiv 2406.02540).

The scale (as in SmoothQuant) evens out channels that are large at every timestep; the rotation by a
Hadamard matrix spreads what is large at some. Weights have a range per output channel, activations one per
token, found as they pass; both are asymmetric, as in the authors' code.
"""

from functools import partial

import torch
from scipy.linalg import hadamard
from torch import Tensor, nn

from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.integer import TINY, asymmetric
from mixdit.rivals.layer_switch import LayerSwitch
from mixdit.rivals.layers import replace_layers
from mixdit.rivals.plain import token_attention
from mixdit.rivals.timestep_groups import split_evenly

__all__ = ["BalancedLinear", "balance", "viditq"]


def viditq(c: Calibration, weight_bits: int, timestep_ranges: int = 1) -> nn.Module:
    """Balance channels, then quantize: weights per output channel, activations (8 bits) per token.

    With more ``timestep_ranges`` than one, each has scales of its own, and so weights of its own.
    """
    groups = split_evenly(c.timesteps, timestep_ranges)
    membership = torch.tensor([groups.group(t) for t in c.timesteps])
    balanced = [balance(c, membership == group) for group in range(len(groups))]

    def linear(name: str, layer: nn.Linear) -> nn.Module:
        forms = [layers[name].quantized(weight_bits) for layers in balanced]
        return forms[0] if len(forms) == 1 else LayerSwitch(forms, range(len(forms)), groups)

    result = replace_layers(c.model, c.layers, linear, lambda name: token_attention())
    groups.follow(result)
    return result


def balance(c: Calibration, steps: Tensor | slice = slice(None)) -> dict[str, "BalancedLinear"]:
    """Every linear layer with channels balanced for some of the timesteps, still in floating point."""
    return {
        name: BalancedLinear(layer, c.ranges[name][0].largest[steps].amax(0), seed)
        for seed, (name, layer) in enumerate(c.layers.linears.items())
    }


class BalancedLinear(nn.Module):
    """``(W diag(s) R) (R^T diag(1/s) x) + b``: the same function, with evener channels inside.

    Parameters
    ----------
    layer:
        The layer.
    largest:
        Largest magnitude of each input channel over all timesteps: float32 ``[K]``.
    seed:
        Of the signs in the rotation.
    """

    def __init__(self, layer: nn.Linear, largest: Tensor, seed: int):
        super().__init__()
        weight = layer.weight.detach()
        scale = (largest.clamp_min(TINY) / weight.abs().amax(0).clamp_min(TINY)).sqrt()
        self.register_buffer("scale", scale / scale.log().mean().exp())
        self.register_buffer("rotation", rotation(len(scale), seed).to(scale.device))
        self.linear = nn.Linear(layer.in_features, layer.out_features, bias=False)
        self.linear.weight = nn.Parameter(self._rotate(weight * self.scale), requires_grad=False)
        self.linear.bias = layer.bias

    def _rotate(self, x: Tensor) -> Tensor:
        size = len(self.rotation)
        return (x.unflatten(-1, (-1, size)) @ self.rotation).flatten(-2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.linear(self._rotate(x / self.scale))
        return result

    def quantized(self, weight_bits: int) -> "BalancedLinear":
        """A copy that multiplies in integers of ``weight_bits`` and 8 bits."""
        result = BalancedLinear.__new__(BalancedLinear)
        nn.Module.__init__(result)
        result.scale, result.rotation = self.scale, self.rotation
        result.linear = QuantizedLinear(
            self.linear,
            activation=partial(asymmetric, bits=8),
            weight=partial(asymmetric, bits=weight_bits),
        )
        return result


def rotation(channels: int, seed: int) -> Tensor:
    """A Hadamard matrix with random signs, float32: the largest whose size divides ``channels``."""
    size = channels & -channels
    generator = torch.Generator().manual_seed(seed)
    signs = 2.0 * torch.randint(2, (size,), generator=generator) - 1
    return signs[:, None] * torch.tensor(hadamard(size), dtype=torch.float32) / size**0.5
