"""A small classifier of handwritten digits, and its layers in block formats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits  # scikit-learn's own dependency

from golden import Format, MixedTensor, concat, quantize

__all__ = ["HIDDEN", "Digits", "Network", "Plan", "load", "train"]

Array = NDArray[np.float32]

Product = Callable[[MixedTensor, MixedTensor], Array]
"""``A[M, K] * B[N, K]^T``."""

HIDDEN = (256, 128)
"""Hidden units of each layer: K is 64, 256 and 128, so 4, 16 and 8 k-blocks."""


@dataclass(frozen=True, eq=False)
class Digits:
    """scikit-learn's digits in two halves.

    Attributes
    ----------
    images:
        float32 ``[n, 8, 8]``, 0 to 16: the held-out half.
    features:
        float32 ``[n, 64]``: their cosine transform.
    labels:
        int64 ``[n]``.
    training_features, training_labels:
        The same of the other half.
    """

    images: Array
    features: Array
    labels: NDArray[np.int64]
    training_features: Array
    training_labels: NDArray[np.int64]


def load(seed: int) -> Digits:
    """The data set, cut in halves at random.

    The features are the images' two-dimensional cosine transform. Like the activations of a large
    network it has few channels with large values (the low frequencies) and many with small ones.
    """
    data = load_digits()
    images = data.images.astype(np.float32)
    frequency, position = np.mgrid[:8, :8]
    basis = np.sqrt(np.where(frequency == 0, 1, 2) / 8) * np.cos(np.pi * frequency * (2 * position + 1) / 16)
    features = (basis @ images @ basis.T / 16).reshape(-1, 64).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(images))
    first, second = np.array_split(order, 2)
    return Digits(images[second], features[second], data.target[second], features[first], data.target[first])


@dataclass(frozen=True, eq=False)
class Plan:
    """Which k-blocks get which format.

    Parameters
    ----------
    name:
        What the table calls it.
    rest:
        Format of all k-blocks but the first.
    outliers:
        Format of the first k-block, for which the channels with the largest products are moved to
        the front; ``None`` for no such block and the channels' own order.
    """

    name: str
    rest: Format
    outliers: Format | None = None

    def encode(self, x: Array, order: NDArray[np.intp]) -> MixedTensor:
        """``x`` [rows, K] in this plan's formats; ``order`` has the channels, largest products first."""
        if self.outliers is None:
            return concat([quantize(x, self.rest)])
        x, size = x[:, order], self.outliers.block_size
        return concat([quantize(x[:, :size], self.outliers), quantize(x[:, size:], self.rest)])


@dataclass(frozen=True, eq=False)
class Network:
    """Dense layers with rectified outputs, but for the last.

    Parameters
    ----------
    weights:
        float32 ``[N, K]`` of each layer.
    biases:
        float32 ``[N]``.
    orders:
        Channels of each layer's input, those with the largest products on the training half first.
    """

    weights: Sequence[Array]
    biases: Sequence[Array]
    orders: Sequence[NDArray[np.intp]]

    def logits(self, x: Array, plan: Plan | None = None, product: Product | None = None) -> Array:
        """Outputs ``[n, 10]`` for features ``[n, 64]``: in float32, or in a plan's formats by ``product``.

        Biases and rectification are float32 either way.
        """
        for i, (weight, bias, order) in enumerate(zip(self.weights, self.biases, self.orders, strict=True)):
            if plan is None or product is None:
                x = x @ weight.T
            else:
                x = product(plan.encode(x, order), plan.encode(weight, order))
            x = x + bias
            if i < len(self.weights) - 1:
                x = np.maximum(x, np.float32(0))
        return x


def train(digits: Digits, seed: int) -> Network:
    """Train on the training half, in seconds."""
    model = MLPClassifier(HIDDEN, alpha=1e-3, max_iter=300, random_state=seed)
    with threadpool_limits(1):  # more threads are slower on matrices this small
        model.fit(digits.training_features, digits.training_labels)
    weights = [np.ascontiguousarray(w.T, np.float32) for w in model.coefs_]
    biases = [b.astype(np.float32) for b in model.intercepts_]
    orders = []
    x = digits.training_features
    for weight, bias in zip(weights, biases, strict=True):
        largest = np.abs(x).max(axis=0) * np.abs(weight).max(axis=0)
        orders.append(np.argsort(-largest, kind="stable"))
        x = np.maximum(x @ weight.T + bias, np.float32(0))
    return Network(weights, biases, orders)
