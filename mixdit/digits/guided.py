"""Classifier-free guidance (arXiv 2207.12598)."""

import math

import torch
from torch import Tensor, nn

__all__ = ["Guided"]


class Guided(nn.Module):
    """A model that predicts noise with guidance: away from any digit, towards the one that is asked for.

    It calls the model once, with every image twice: with its label, and with the null label.

    Parameters
    ----------
    model:
        Predicts noise from (images, timesteps, labels), as `DigitsTransformer` does.
    scale:
        How much of the difference between both predictions is added to the one without a digit, more than 1;
        with 1 there would be no guidance.

    Raises
    ------
    ValueError
        A scale that is not more than 1, or infinite.
    """

    def __init__(self, model: nn.Module, scale: float) -> None:
        super().__init__()
        if not 1 < scale < math.inf:
            raise ValueError(f"scale must be more than 1 and finite, not {scale!r}")
        self.model, self.scale = model, scale

    def both(self, images: Tensor, timesteps: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the model is called with: images with their labels, then the same without: ``[2 * batch]``."""
        nothing = torch.full_like(labels, self.model.null_label)
        return images.repeat(2, 1, 1, 1), timesteps.repeat(2), torch.cat([labels, nothing])

    def forward(self, images: Tensor, timesteps: Tensor, labels: Tensor) -> Tensor:
        """Predicted noise, shapes as the model's."""
        asked, anything = self.model(*self.both(images, timesteps, labels)).chunk(2)
        return anything + self.scale * (asked - anything)
