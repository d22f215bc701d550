"""A transformer block with adaptive layer normalization (adaLN-zero, arXiv 2212.09748)."""

from torch import Tensor, nn

from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.block_functions import BlockFunctions

__all__ = ["Attention", "TransformerBlock", "layer_norm"]


def layer_norm(width: int) -> nn.LayerNorm:
    """Layer normalization whose scale and shift come from the condition instead."""
    return nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)


class Attention(nn.Module):
    """Multi-head self-attention: ``[batch, tokens, width]`` to the same shape."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.attend = ScaledDotProductAttention()
        self.projection = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.projection(self.attend(q, k, v).transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    """Attention and perceptron; a condition ``[batch, width]`` gives each a shift, a scale and a gate."""

    def __init__(self, width: int, heads: int, mlp_ratio: int):
        super().__init__()
        self.functions = BlockFunctions()
        self.norm1 = layer_norm(width)
        self.attention = Attention(width, heads)
        self.norm2 = layer_norm(width)
        self.fc1 = nn.Linear(width, mlp_ratio * width)
        self.fc2 = nn.Linear(mlp_ratio * width, width)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        f = self.functions
        parameters = self.modulation(f.silu(condition))[:, None].chunk(6, dim=-1)
        shift1, scale1, gate1, shift2, scale2, gate2 = parameters
        x = f.add_gated(x, gate1, self.attention(f.modulate(x, self.norm1, shift1, scale1)))
        hidden = f.gelu(self.fc1(f.modulate(x, self.norm2, shift2, scale2)))
        return f.add_gated(x, gate2, self.fc2(hidden))
