"""A small classifier of handwritten digits, with the weights that ``mixdit.demo.train`` made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixdit.demo.linear import Array, Linear
from mixdit.demo.weights import Weights, read_weights

__all__ = ["CHECKPOINT", "Network", "load_network"]

CHECKPOINT = Path(__file__).parent / "classifier.safetensors"


@dataclass(frozen=True, eq=False)
class Network:
    """Dense layers with rectified outputs, but for the last.

    Parameters
    ----------
    weights:
        float64 by name: of each layer ``layer1`` and so on ``.weight`` ``[N, K]``, ``.bias`` ``[N]``, and
        ``.largest`` ``[K]``, the largest magnitude of each channel of its input on the training half.
    """

    weights: Weights

    @property
    def layers(self) -> list[str]:
        """Names of the layers, the first one first."""
        return sorted({name.partition(".")[0] for name in self.weights})

    def __call__(self, x: Array, linear: Linear) -> Array:
        """Outputs ``[n, 10]`` for features ``[n, 64]``, the largest at the digit."""
        *hidden, last = self.layers
        for name in hidden:
            x = np.maximum(self._apply(name, x, linear), 0)
        return self._apply(last, x, linear)

    def _apply(self, name: str, x: Array, linear: Linear) -> Array:
        return linear(name, x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])


def load_network(path: Path = CHECKPOINT) -> Network:
    """The trained network."""
    return Network(read_weights(path)[0])
