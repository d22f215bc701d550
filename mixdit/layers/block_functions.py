"""What a transformer block computes between its products: in floating point, or as the hardware does."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixdit.tensors import functions

__all__ = ["BlockFunctions", "HardwareFunctions"]


class BlockFunctions:
    """Activations, norms and gates in floating point."""

    def silu(self, x: Tensor) -> Tensor:
        """``x sigmoid(x)``."""
        return functional.silu(x)

    def gelu(self, x: Tensor) -> Tensor:
        """GELU by the hyperbolic tangent."""
        return functional.gelu(x, approximate="tanh")

    def modulate(self, x: Tensor, norm: nn.LayerNorm, shift: Tensor, scale: Tensor) -> Tensor:
        """``norm(x) * (1 + scale) + shift``; ``norm`` has no scale and shift of its own."""
        normalized: Tensor = norm(x)
        return normalized * (1 + scale) + shift

    def add_gated(self, x: Tensor, gate: Tensor, change: Tensor) -> Tensor:
        """``x + gate * change``."""
        return x + gate * change


class HardwareFunctions(BlockFunctions):
    """The same with the bits of the hardware: `golden.functions`."""

    def silu(self, x: Tensor) -> Tensor:
        return functions.silu(x)

    def gelu(self, x: Tensor) -> Tensor:
        return functions.gelu(x)

    def modulate(self, x: Tensor, norm: nn.LayerNorm, shift: Tensor, scale: Tensor) -> Tensor:
        one = torch.ones((), device=scale.device)
        return functions.normalize(x, eps=norm.eps, scale=functions.add(scale, one), shift=shift)

    def add_gated(self, x: Tensor, gate: Tensor, change: Tensor) -> Tensor:
        return functions.add(functions.multiply17(change, gate), x)
