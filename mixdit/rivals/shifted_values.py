"""Attention on shifted and scaled values."""

from torch import Tensor, nn

from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["ShiftedValues"]


class ShiftedValues(nn.Module):
    """Attention whose output is ``(y - z_g) / s`` for the ``y`` of ``attention``, as rows of p sum to 1.

    Parameters
    ----------
    attention:
        What attends; it gets ``(v - z_g) / s``, which the layer that makes v can give by other weights.
    shift, scale:
        z, float32 ``[groups, heads * head_dim]``, and s, ``[heads * head_dim]``.
    groups:
        Says which group the model is in.
    """

    def __init__(
        self, attention: ScaledDotProductAttention, shift: Tensor, scale: Tensor, groups: TimestepGroups
    ) -> None:
        super().__init__()
        self.attention, self.groups = attention, groups
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        """As `ScaledDotProductAttention.forward`."""
        heads = (v.shape[1], 1, v.shape[-1])
        v = (v - self.shift[self.groups.current].view(heads)) / self.scale.view(heads)
        output: Tensor = self.attention(q, k, v, mask, scale)
        return output
