"""Training of the diffusion transformers."""

import copy
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from mixdit.digits.data import load_digits
from mixdit.digits.diffusion import TIMESTEPS, add_noise
from mixdit.digits.fashion import DEBIAN, load_fashion
from mixdit.digits.model import DigitsTransformer
from mixdit.digits.recipes import Recipe

__all__ = ["train"]

Progress = Callable[[int, float], None]
"""Called after every step with the steps done and a running mean of the loss."""

FINAL_RATE = 0.02
GRADIENT_NORM = 1.0


def _rate(recipe: Recipe, step: int) -> float:
    """Learning rate over its peak."""
    warmup = min(1.0, (step + 1) / recipe.warmup)
    left = (1 - step / recipe.steps) / (1 - recipe.decay_from)
    return warmup * min(1.0, FINAL_RATE + (1 - FINAL_RATE) * left)


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def train(
    recipe: Recipe, progress: Progress | None = None, folder: Path = DEBIAN
) -> tuple[DigitsTransformer, float]:
    """Train a model to predict noise in its pictures; Fashion-MNIST's are in ``folder``.

    Returns
    -------
    model, loss:
        The average of the weights, and the last running mean of the loss. The same recipe gives the same
        weights on the same machine with the same number of threads.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    images, labels = load_digits() if recipe.pictures == "digits" else load_fashion(folder)
    model = DigitsTransformer(recipe.shape)
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, recipe.beta2), weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(recipe, step))
    running = 1.0
    for step in range(recipe.steps):
        chosen = torch.randint(len(images), (recipe.batch,), generator=generator)
        timesteps = torch.randint(TIMESTEPS, (recipe.batch,), generator=generator)
        x = images[chosen]
        noise = torch.randn(x.shape, generator=generator)
        dropped = torch.rand(recipe.batch, generator=generator) < recipe.label_dropout
        y = labels[chosen].masked_fill(dropped, model.null_label)
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
            predicted = model(add_noise(x, noise, timesteps), timesteps, y)
        loss = functional.mse_loss(predicted.float(), noise)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        # Early averages forget the random start sooner.
        _average(average, model, min(recipe.ema, (step + 2) / (step + 11)))
        running += (loss.item() - running) * max(0.01, 1 / (step + 1))
        if progress:
            progress(step + 1, running)
    return average.eval(), running
