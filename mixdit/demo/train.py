"""``python -m mixdit.demo.train``: train the classifier of ``mixdit demo`` again.

The result depends on the machine, on its order of additions. So the weights come with the project, and with
them the figures that the README shows.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn's dependency

from mixdit.demo.digits import Digits, load_digits
from mixdit.demo.linear import Array, float64_linear
from mixdit.demo.network import CHECKPOINT, Network, load_network
from mixdit.demo.weights import Weights, write_weights

__all__ = ["main", "train"]

HIDDEN = (128, 64)
"""Hidden units of each layer: K is 64, 128 and 64, so 4, 8 and 4 blocks."""

OPTIONS = {"alpha": 1e-3, "max_iter": 1000}

SEED = 0


def train(digits: Digits, seed: int) -> Network:
    """A network that knows these digits, in seconds."""
    model = MLPClassifier(HIDDEN, random_state=seed, **OPTIONS)
    with threadpool_limits(1):  # more threads are slower on matrices this small
        model.fit(digits.features, digits.labels)
    weights: Weights = {}
    for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True), 1):
        weights |= {f"layer{i}.weight": weight.T, f"layer{i}.bias": bias}
    network = Network(weights)

    def observe(name: str, x: Array, weight: Array, bias: Array) -> Array:
        weights[f"{name}.largest"] = np.abs(x).max(axis=0)
        return float64_linear(name, x, weight, bias)

    network(digits.features, observe)
    return network


def main() -> None:
    """Train on the first half, and write the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"seed of the training (default: {SEED})")
    parser.add_argument("--output", type=Path, default=CHECKPOINT, help="the file (default: the demo's own)")
    options = parser.parse_args()
    known, held_out = load_digits()
    network = train(known, options.seed)
    tools = {package: version(package) for package in ("numpy", "scikit-learn")}
    recipe = {"script": "mixdit.demo.train", "seed": options.seed, "hidden": HIDDEN, **OPTIONS, **tools}
    write_weights(options.output, network.weights, recipe)
    guesses = load_network(options.output)(held_out.features, float64_linear).argmax(axis=1)
    print(f"{(guesses == held_out.labels).mean():.2%} of {len(guesses)} held-out digits, in {options.output}")


if __name__ == "__main__":
    main()
