"""A linear layer on shifted and scaled channels."""

from collections.abc import Callable

from torch import Tensor, nn

from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["ShiftedLinear"]

Quantizer = Callable[[Tensor], Tensor]


class ShiftedLinear(nn.Module):
    """``(W diag(s)) ((x - z_g) / s) + (b + W z_g)``: the same function of ``x`` in every group of timesteps.

    Parameters
    ----------
    layer:
        Gives W and b; it is left as it is.
    shift, scale:
        z, float32 ``[groups, in_features]``, and s, ``[in_features]``.
    groups:
        Says which group the model is in.
    arrives_shifted:
        Whether the input is ``(x - z_g) / s`` already. Otherwise it becomes that here, as whoever makes it
        would have it by other parameters of its own, at no cost.
    """

    def __init__(
        self,
        layer: nn.Linear,
        shift: Tensor,
        scale: Tensor,
        groups: TimestepGroups,
        arrives_shifted: bool = False,
    ) -> None:
        super().__init__()
        self.groups, self.arrives_shifted = groups, arrives_shifted
        weight = layer.weight.detach()
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)
        bias = shift @ weight.T
        self.register_buffer("bias", bias if layer.bias is None else bias + layer.bias.detach())
        self.linear: nn.Module = nn.Linear(layer.in_features, layer.out_features, bias=False)
        self.linear.weight = nn.Parameter(weight * scale, requires_grad=False)

    def quantize(self, activation: Quantizer, weight: Quantizer) -> "ShiftedLinear":
        """Multiply quantized operands from now on; returns itself."""
        assert isinstance(self.linear, nn.Linear)
        self.linear = QuantizedLinear(self.linear, activation=activation, weight=weight)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """``[..., in_features]`` to ``[..., out_features]``."""
        group = self.groups.current
        if not self.arrives_shifted:
            x = (x - self.shift[group]) / self.scale
        result: Tensor = self.linear(x) + self.bias[group]
        return result
