"""The first block of the digits diffusion transformer in NumPy, its linear layers multiplied by anyone.

The weights are those that ``mixdit.digits`` trained; reading and running them here needs no PyTorch.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixdit.demo.linear import Array, Linear
from mixdit.demo.weights import Weights, read_weights

__all__ = ["LAYERS", "Block", "embed", "load_block", "tokens"]

LAYERS = ("attention.qkv", "attention.projection", "fc1", "fc2")

CHECKPOINT = Path(__file__).parent.parent / "digits" / "checkpoints" / "digits-16.safetensors"

PATCH = 2
FREQUENCIES = 128


@dataclass(frozen=True, eq=False)
class Block:
    """A transformer block with adaptive normalization, in float64 but for what ``linear`` does.

    Parameters
    ----------
    weights:
        float64, by name as in ``mixdit.digits.block.TransformerBlock``.
    heads:
        Attention heads.
    """

    weights: Weights
    heads: int

    def __call__(self, x: Array, condition: Array, linear: Linear) -> Array:
        """Tokens ``[images, tokens, width]`` to the same; ``condition`` is ``[images, width]``."""

        def apply(name: str, values: Array) -> Array:
            rows = values.reshape(-1, values.shape[-1])
            weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
            return linear(name, rows, weight, bias).reshape(*values.shape[:-1], -1)

        modulation = _silu(condition) @ self.weights["modulation.weight"].T + self.weights["modulation.bias"]
        shift1, scale1, gate1, shift2, scale2, gate2 = np.split(modulation[:, None], 6, axis=-1)
        qkv = apply("attention.qkv", _normalize(x) * (1 + scale1) + shift1)
        x = x + gate1 * apply("attention.projection", self._attend(qkv))
        hidden = _gelu(apply("fc1", _normalize(x) * (1 + scale2) + shift2))
        return x + gate2 * apply("fc2", hidden)

    def _attend(self, qkv: Array) -> Array:
        images, count, _ = qkv.shape
        q, k, v = qkv.reshape(images, count, 3, self.heads, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        heads: Array = weights @ v
        return heads.swapaxes(1, 2).reshape(images, count, -1)


def load_block() -> tuple[Block, Weights]:
    """The first block, and the weights outside of the blocks by name."""
    weights, recipe = read_weights(CHECKPOINT)
    prefix = "blocks.0."
    inner = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    outer = {name: value for name, value in weights.items() if not name.startswith("blocks.")}
    return Block(inner, recipe["shape"]["heads"]), outer


def tokens(weights: Weights, images: int, timestep: int, seed: int) -> tuple[Array, Array]:
    """What the first block gets for so many noisy images: tokens and condition.

    Parameters
    ----------
    weights:
        Those outside of the blocks.
    timestep:
        0 to 999: the more, the noisier.
    seed:
        Of the choice of images and of the noise.
    """
    from sklearn import datasets  # type: ignore[import-untyped]

    digits = datasets.load_digits()
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(digits.images), images, replace=False)
    clean = digits.images[chosen] / 8 - 1
    kept = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))[timestep]
    noisy = np.sqrt(kept) * clean + np.sqrt(1 - kept) * rng.standard_normal(clean.shape, dtype=np.float32)
    return embed(weights, noisy, timestep, digits.target[chosen])


def embed(weights: Weights, noisy: Array, timestep: int, labels: NDArray[np.int64]) -> tuple[Array, Array]:
    """Tokens and condition for images ``[images, 8, 8]`` of these digits."""
    side = noisy.shape[1] // PATCH
    squares = noisy.reshape(-1, side, PATCH, side, PATCH).transpose(0, 1, 3, 2, 4)
    pixels = squares.reshape(-1, side**2, PATCH**2)
    x = pixels @ weights["patch_embedding.weight"].T + weights["patch_embedding.bias"]
    angles = timestep * _frequencies(FREQUENCIES)
    time = np.concatenate([np.cos(angles), np.sin(angles)])
    for n in (0, 2):
        layer = f"timestep_embedding.{n}"
        time = weights[f"{layer}.weight"] @ (_silu(time) if n else time) + weights[f"{layer}.bias"]
    condition = time + weights["label_embedding.weight"][labels]
    return x + _positions(side, x.shape[-1]), condition


def _frequencies(count: int) -> Array:
    return np.float64(10000) ** (-np.arange(count) / count)


def _positions(side: int, width: int) -> Array:
    angles = np.arange(side)[:, None] * _frequencies(width // 4)
    axis = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    rows = np.broadcast_to(axis[:, None], (side, side, width // 2))
    columns = np.broadcast_to(axis[None], (side, side, width // 2))
    return np.concatenate([rows, columns], axis=2).reshape(side**2, width)


def _normalize(x: Array) -> Array:
    centered = x - x.mean(axis=-1, keepdims=True)
    normalized: Array = centered / np.sqrt(np.square(centered).mean(axis=-1, keepdims=True) + 1e-6)
    return normalized


def _silu(x: Array) -> Array:
    activated: Array = x / (1 + np.exp(-x))
    return activated


def _gelu(x: Array) -> Array:
    activated: Array = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return activated
