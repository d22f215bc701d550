"""First part of ``mixdit demo``: handwritten digits, classified on the simulated array."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import MX4, MX6, MX9, MixedTensor, matmul
from mixdit.demo.digits import Digits
from mixdit.demo.figures import ArrayFigures, Comparison, snr_db
from mixdit.demo.linear import Array, float64_linear
from mixdit.demo.network import Network
from mixdit.demo.plan import Plan
from mixdit.demo.progress import Show
from mixdit.sim import ArrayHarness

__all__ = ["PLANS", "Classified", "classify"]

PLANS = (
    Plan("MX4", MX4),
    Plan("MX4 + MX9", MX4, mixed=True),
    Plan("MX6", MX6),
    Plan("MX6 + MX9", MX6, mixed=True),
    Plan("MX9", MX9),
)


@dataclass(frozen=True, eq=False)
class Classified:
    """What came out.

    Parameters
    ----------
    digits:
        The images.
    accuracy:
        Share of them with the right digit in float64.
    guesses:
        By plan the digits that the network sees, int64 ``[n]``.
    figures:
        Those of each plan.
    """

    digits: Digits
    accuracy: float
    guesses: dict[str, NDArray[np.int64]]
    figures: Sequence[ArrayFigures]


def classify(array: ArrayHarness, digits: Digits, network: Network, show: Show) -> Classified:
    """Run the network in float64, and in every plan on the array and on golden."""
    features = digits.features
    reference = network(features, float64_linear)
    exact = reference.argmax(axis=1)
    guesses, figures = {}, []
    for plan in PLANS:
        run = _Run(array, plan, network, show)
        logits = network(features, run.linear)
        guesses[plan.name] = logits.argmax(axis=1)
        figures.append(
            ArrayFigures(
                plan=plan.name,
                accuracy=_share(guesses[plan.name], digits.labels),
                agreement=_share(guesses[plan.name], exact),
                snr_db=snr_db(logits, reference),
                bits=run.bits / run.operands,
                mismatches=run.comparison.mismatches,
                outputs=run.comparison.outputs,
                cycles=run.cycles,
                passes=run.passes,
                utilization=run.passes / run.pass_cycles,
            )
        )
    return Classified(digits, _share(exact, digits.labels), guesses, figures)


class _Run:
    """Layers of one plan on the array, and sums over them: of cycles, and of operands and their bits."""

    def __init__(self, array: ArrayHarness, plan: Plan, network: Network, show: Show) -> None:
        self._array, self._plan, self._network, self._show = array, plan, network, show
        self.comparison = Comparison()
        self.cycles = self.passes = self.pass_cycles = self.operands = self.bits = 0

    def linear(self, name: str, x: Array, weight: Array, bias: Array) -> Array:
        a, b = self._plan.encode(x, weight, self._network.weights[f"{name}.largest"])
        text = f"{self._plan.name}: {x.shape[0]} x {weight.shape[0]} x {weight.shape[1]}"
        product = self._array.matmul(a, b, progress=lambda done, total: self._show(text, done / total))
        self.comparison.add(product.values, matmul(a, b, k_blocks=self._array.k_blocks))
        self.cycles += product.run.cycles
        self.passes += product.run.passes
        self.pass_cycles += product.run.pass_cycles
        self.operands += x.size + weight.size
        self.bits += _bits(a) + _bits(b)
        return (product.values + bias.astype(np.float32)).astype(np.float64)


def _bits(operand: MixedTensor) -> int:
    return sum(part.exponents.size * part.fmt.block_bits for part in operand.parts)


def _share(guesses: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    return float((guesses == labels).mean())
