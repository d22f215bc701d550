"""The models, and everything that decides how their training goes."""

from dataclasses import dataclass
from typing import Literal

from mixdit.digits.fashion import SIDE
from mixdit.digits.model import ModelShape

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and its training.

    Parameters
    ----------
    shape:
        The model.
    learning_rate:
        Peak of AdamW, reached after ``warmup`` steps; from ``decay_from`` (share of the steps) on it falls
        linearly to 2% of it.
    steps, batch:
        Training steps and images per step.
    beta2:
        Decay of AdamW's second moment. There is no weight decay.
    ema:
        Decay of the average of the weights that is kept.
    label_dropout:
        Share of the labels replaced by the null label.
    pictures:
        What it learns to draw: scikit-learn's digits, or Fashion-MNIST.
    bfloat16:
        Whether products are of bfloat16 while it trains, which takes two thirds of the time.
    seed:
        Of the initial weights, and of data, noise and timesteps.
    """

    shape: ModelShape
    learning_rate: float
    steps: int
    batch: int = 64
    warmup: int = 100
    decay_from: float = 0.6
    beta2: float = 0.99
    ema: float = 0.999
    label_dropout: float = 0.1
    pictures: Literal["digits", "fashion"] = "digits"
    bfloat16: bool = False
    seed: int = 0


RECIPES = {
    # 16 tokens of 128 channels: trains in minutes.
    "digits-16": Recipe(
        shape=ModelShape(patch=2, width=128, depth=4, heads=4), learning_rate=2e-3, steps=3200
    ),
    # 64 tokens of 320 channels: 20 blocks along K in every layer, 4 along every row of attention.
    "digits-64": Recipe(
        shape=ModelShape(patch=1, width=320, depth=2, heads=5, mlp_ratio=2), learning_rate=1e-3, steps=3200
    ),
    # 49 tokens of 192 channels on real pictures: neither 49 nor a head's share of it is whole blocks.
    "fashion-49": Recipe(
        shape=ModelShape(patch=4, width=192, depth=6, heads=6, image=SIDE),
        learning_rate=1e-3,
        steps=5500,
        batch=128,
        pictures="fashion",
        bfloat16=True,
    ),
}
"""The models by name; the number is the tokens of an image."""
