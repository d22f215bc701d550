"""The network that judges samples: which digit an image shows, and the features to compare images by."""

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixdit.digits.checkpoint import CHECKPOINTS, load_weights
from mixdit.digits.data import CLASSES, load_digits

__all__ = ["FEATURES", "Classifier", "load_classifier", "train_classifier"]

FEATURES = 64
EPOCHS = 15
BATCH = 64
LEARNING_RATE = 4e-3
TRAINING_SHARE = 0.8
PIXEL_NOISE = 0.05
DISTORTION = 0.1
"""Most that an image is scaled, and moved in half sides; it turns by 1.5 times this in radians."""


class Classifier(nn.Module):
    """A small convolutional network: images ``[n, 1, 8, 8]`` to features ``[n, 64]``, logits ``[n, 10]``."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 32),
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


def train_classifier(seed: int = 0) -> tuple[Classifier, float]:
    """Train on four fifths of the digits; returns the network and its accuracy on the others."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    images, labels = load_digits()
    order = torch.randperm(len(images), generator=generator)
    training, held_out = order.split([count := int(TRAINING_SHARE * len(order)), len(order) - count])
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=EPOCHS * math.ceil(count / BATCH)
    )
    for _ in range(EPOCHS):
        shuffled = training[torch.randperm(count, generator=generator)]
        for batch in shuffled.split(BATCH):
            logits = model(_distort(images[batch], generator))[1]
            loss = functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.inference_mode():
        guesses = model(images[held_out])[1].argmax(dim=1)
    return model, (guesses == labels[held_out]).float().mean().item()


def load_classifier(path: Path = CHECKPOINTS / "classifier.safetensors") -> Classifier:
    """The trained network, ready to judge."""
    model = Classifier()
    load_weights(path, model)
    return model.eval().requires_grad_(False)
