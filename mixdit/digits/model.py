"""A class-conditional diffusion transformer for small images (DiT with adaLN-zero, arXiv 2212.09748)."""

from dataclasses import dataclass, fields

from torch import Tensor, nn
from torch.nn import functional

from mixdit.digits.block import TransformerBlock, layer_norm
from mixdit.digits.data import CLASSES, IMAGE_SIZE
from mixdit.digits.embedding import TimestepEmbedding, position_embedding
from mixdit.layers.block_functions import BlockFunctions

__all__ = ["DigitsTransformer", "ModelShape"]

_MOST = 1 << 16
"""Of any number of a shape."""

_LARGEST_IMAGE = 256
"""Side in pixels: every token has its position, which no file holds."""


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """Shape of a model.

    Parameters
    ----------
    patch:
        Side in pixels of the square that becomes one token: an image gives ``(image / patch)**2`` tokens.
    width:
        Channels of a token.
    depth:
        Transformer blocks.
    heads:
        Attention heads of ``width / heads`` channels.
    mlp_ratio:
        Hidden channels of the perceptron over ``width``.
    image:
        Side of an image in pixels.

    Raises
    ------
    TypeError, ValueError
        Anything but integers that make a model.
    """

    patch: int
    width: int
    depth: int
    heads: int
    mlp_ratio: int = 4
    image: int = IMAGE_SIZE

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{field.name} must be an int, not {value!r:.80}")
            if not 1 <= value <= _MOST:
                raise ValueError(f"{field.name} must be 1 to {_MOST}, not {value!r:.80}")
        if self.image > _LARGEST_IMAGE:
            raise ValueError(f"image must be at most {_LARGEST_IMAGE}, not {self.image!r}")
        if self.image % self.patch:
            raise ValueError(f"patch must divide image={self.image}, not {self.patch!r}")
        if self.width < 4 or self.width % 4 or self.width % self.heads:
            raise ValueError(f"width must be a multiple of 4 and of heads={self.heads}, not {self.width!r}")

    @property
    def side(self) -> int:
        """Tokens along an edge of the image."""
        return self.image // self.patch


class DigitsTransformer(nn.Module):
    """Predicts the noise in images of digits, or of other things in as many classes.

    Linear layers and attention are ordinary modules, named as in ``blocks.0.attention.qkv``.
    """

    null_label = CLASSES
    """The label that means "any class"."""

    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        self.functions = BlockFunctions()
        pixels, width = shape.patch**2, shape.width
        self.patch_embedding = nn.Linear(pixels, width)
        self.register_buffer("positions", position_embedding(shape.side, width), persistent=False)
        self.timestep_embedding = TimestepEmbedding(width)
        self.label_embedding = nn.Embedding(CLASSES + 1, width)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, shape.heads, shape.mlp_ratio) for _ in range(shape.depth)
        )
        self.final_norm = layer_norm(width)
        self.final_modulation = nn.Linear(width, 2 * width)
        self.final = nn.Linear(width, pixels)
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        # DiT's usual 0.02 leaves so small a model deaf to its label.
        nn.init.normal_(self.label_embedding.weight, std=1.0)
        for block in self.blocks:
            nn.init.zeros_(block.modulation.weight)
        nn.init.zeros_(self.final_modulation.weight)
        nn.init.zeros_(self.final.weight)

    def forward(self, images: Tensor, timesteps: Tensor, labels: Tensor) -> Tensor:
        """Predict the noise.

        Parameters
        ----------
        images:
            float32 ``[batch, 1, image, image]``, noisy.
        timesteps:
            int64 ``[batch]``, 0 to 999.
        labels:
            int64 ``[batch]``, 0 to 9 or ``null_label``.

        Returns
        -------
        As ``images``.
        """
        patch = self.shape.patch
        x = functional.pixel_unshuffle(images, patch).flatten(2).transpose(1, 2)
        x = self.patch_embedding(x) + self.positions
        condition = self.timestep_embedding(timesteps) + self.label_embedding(labels)
        for block in self.blocks:
            x = block(x, condition)
        f = self.functions
        shift, scale = self.final_modulation(f.silu(condition))[:, None].chunk(2, dim=-1)
        x = self.final(f.modulate(x, self.final_norm, shift, scale))
        x = x.transpose(1, 2).unflatten(2, (self.shape.side, self.shape.side))
        return functional.pixel_shuffle(x, patch)
