"""The networks that judge samples: what an image shows, and the features to compare images by."""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixdit.digits.checkpoint import CHECKPOINTS, load_weights
from mixdit.digits.data import CLASSES, IMAGE_SIZE, load_digits
from mixdit.digits.fashion import DEBIAN, SIDE, load_fashion

__all__ = ["CLASSIFIERS", "FEATURES", "Classifier", "load_classifier", "train_classifier"]

CLASSIFIERS = {"classifier": IMAGE_SIZE, "fashion-classifier": SIDE}
"""Their names, and the side in pixels of the images that each judges."""

Progress = Callable[[float], None]

FEATURES = 64
EPOCHS, FASHION_EPOCHS = 15, 6
BATCH, EVALUATED = 64, 500
LEARNING_RATE = 4e-3
TRAINING_SHARE = 0.8
PIXEL_NOISE = 0.05
DISTORTION = 0.1
"""Most that an image is scaled, and moved in half sides; it turns by 1.5 times this in radians."""


class Classifier(nn.Module):
    """A small convolutional network: ``[n, 1, side, side]`` to features ``[n, 64]`` and logits ``[n, 10]``.

    ``side``: 8, or more for larger images, which are halved once more.
    """

    def __init__(self, side: int = IMAGE_SIZE) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 32),
            *([nn.MaxPool2d(2)] if side > IMAGE_SIZE else []),
            *_convolution(32, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 64),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(256, FEATURES),
            nn.ReLU(),
        )
        self.logits = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(images)
        return features, self.logits(features)


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()


def _distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale and move each image a little, and add noise to its pixels."""
    uniform = 2 * torch.rand(4, len(images), generator=generator) - 1
    angle, scale = 1.5 * DISTORTION * uniform[0], 1 + DISTORTION * uniform[1]
    dx, dy = DISTORTION * uniform[2:]
    top = torch.stack([angle.cos() * scale, -angle.sin() * scale, dx], dim=1)
    bottom = torch.stack([angle.sin() * scale, angle.cos() * scale, dy], dim=1)
    grid = functional.affine_grid(torch.stack([top, bottom], dim=1), list(images.shape), align_corners=False)
    # Paper is -1, and what comes in from outside is 0.
    moved = functional.grid_sample(images + 1, grid, align_corners=False) - 1
    return moved + PIXEL_NOISE * torch.randn(images.shape, generator=generator)


def train_classifier(
    side: int = IMAGE_SIZE, seed: int = 0, folder: Path = DEBIAN, progress: Progress | None = None
) -> tuple[Classifier, float]:
    """Train on four fifths of the digits, or on the part of Fashion-MNIST in ``folder`` that is for training.

    ``progress`` is called with the share that is done. Returns the network and its accuracy on the others.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier(side)
    if side == IMAGE_SIZE:
        images, labels = load_digits()
        order = torch.randperm(len(images), generator=generator)
        training, held_out = order.split([count := int(TRAINING_SHARE * len(order)), len(order) - count])
        seen, unseen = (images[training], labels[training]), (images[held_out], labels[held_out])
        epochs = EPOCHS
    else:
        seen, unseen = load_fashion(folder), load_fashion(folder, "t10k")
        epochs = FASHION_EPOCHS
    batches = math.ceil(len(seen[0]) / BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * batches)
    for epoch in range(epochs):
        shuffled = torch.randperm(len(seen[0]), generator=generator)
        for n, batch in enumerate(shuffled.split(BATCH)):
            logits = model(_distort(seen[0][batch], generator))[1]
            loss = functional.cross_entropy(logits, seen[1][batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if progress:
                progress((epoch + (n + 1) / batches) / epochs)
    return model.eval(), accuracy(model, *unseen)


@torch.inference_mode()
def accuracy(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """Share of the images that it names rightly."""
    guesses = torch.cat([model(x)[1].argmax(dim=1) for x in images.split(EVALUATED)])
    return (guesses == labels).float().mean().item()


def load_classifier(name: str = "classifier", folder: Path = CHECKPOINTS) -> Classifier:
    """The trained network of this name, ready to judge."""
    model = Classifier(CLASSIFIERS[name])
    load_weights(folder / f"{name}.safetensors", model)
    return model.eval().requires_grad_(False)
