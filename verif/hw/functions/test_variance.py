"""Variances of rows against Python's integers."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from golden.functions.norm import LONGEST_ROW
from golden.reference import binary32_value
from hw.functions.row_sums import FINE_BITS, SQUARE_DIGIT, row_sums_layout
from hw.functions.variance import Variance, variance_layout
from verif.hw.functions.streamed import streamed

WIDTHS = (1, 7, 16384)
EPSILONS = {
    "none": 0,
    "least": 1 << 23,
    "usual": 0x2B8CBCCC,
    "one": 0x3F800001,
    "most": 0x7F7FFFFF,
    "infinity": 0x7F800000,
}


def some_rows(width: int) -> list[np.ndarray]:
    """Elements in units of 2**-31: any, small, 0, -1, a large one, the largest."""
    rng = np.random.default_rng(width)
    most = 1 << 32
    largest = [np.full(width, element) for element in (0, -1, -most, most - 1)]
    alternating = np.where(np.arange(width) % 2, most - 1, -most)
    one = np.where(np.arange(width) == width // 2, most - 1, 0)
    scales = (0, 9, 15, 16, 17, 24, 30)
    return [*(rng.integers(-most, most, width) >> scale for scale in scales), *largest, alternating, one]


def sums_of(row: np.ndarray, largest: int) -> int:
    """The sums of a row as a bit pattern. Carries between squares' digits are anywhere."""
    coarse = row >> FINE_BITS
    squares = coarse * coarse
    sums = {
        "coarse": coarse.sum(),
        "fine": (row & (1 << FINE_BITS) - 1).sum(),
        "square": (squares & (1 << SQUARE_DIGIT) - 1).sum(),
        "square_high": (squares >> SQUARE_DIGIT).sum(),
    }
    layout = row_sums_layout()
    return layout.const({name: int(n) for name, n in sums.items()} | {"largest": largest}).as_value().value


def expected(row: np.ndarray, largest: int, epsilon: int, mean: bool) -> tuple[int, int, int, int]:
    coarse = [int(a) >> FINE_BITS for a in row]
    total = sum(coarse) if mean else 0
    variance = len(row) * sum(a * a for a in coarse) - total**2
    added = 2**61
    if epsilon < 0x7F800000:
        added = min(added, floor(binary32_value(epsilon) * Fraction(4) ** (16 + 127 - largest)))
    variance = max(1, variance + added)
    power = (variance.bit_length() - 35) // 2
    number = variance // 4**power if power >= 0 else variance * 4**-power
    return number, power, -sum(row.tolist()) // 2**8 if mean else 0, largest


@pytest.mark.parametrize("epsilon", EPSILONS.values(), ids=EPSILONS)
@pytest.mark.parametrize("width", WIDTHS)
def test_rows(width, epsilon):
    rng = np.random.default_rng(width + epsilon)
    rows = some_rows(width)
    exponents = [*rng.integers(0, 255, len(rows) - 4).tolist(), 0, 1, 127, 254]
    mean = int(rng.integers(2)) if epsilon else 1
    payloads = [sums_of(row, largest) for row, largest in zip(rows, exponents, strict=True)]
    ports = {"width": width, "mean": mean, "epsilon": epsilon}
    found, _ = streamed(Variance(), payloads, ports=ports)
    for row, largest, result in zip(rows, exponents, found, strict=True):
        got = variance_layout().from_bits(result)
        values = (got.number, got.power, got.minus_total, got.largest)
        assert values == expected(row, largest, epsilon, bool(mean))


def test_every_place_of_epsilon():
    """Where it saturates, where it counts in part, and where it is lost."""
    row, width = np.array([3 << 15, -5 << 15]), 2
    epsilon = 0x5ABCDEF1
    exponents = range(255)
    payloads = [sums_of(row, largest) for largest in exponents]
    found, _ = streamed(
        Variance(), payloads, ports={"width": width, "mean": 1, "epsilon": epsilon}, stalls=False
    )
    for largest, result in zip(exponents, found, strict=True):
        got = variance_layout().from_bits(result)
        assert (got.number, got.power) == expected(row, largest, epsilon, True)[:2], largest


def test_latency():
    """That of a variance of 63 bits, and of the least one, which is shifted most often."""
    alternating = np.where(np.arange(LONGEST_ROW) % 2, (1 << 32) - 1, -1 << 32)
    for row, epsilon, latency in ((alternating, 0x7F7FFFFF, 71), (0 * alternating, 0, 102)):
        ports = {"width": LONGEST_ROW, "mean": 1, "epsilon": epsilon}
        _, cycles = streamed(Variance(), [sums_of(row, 127)] * 2, ports=ports, stalls=False)
        assert cycles == [latency, 2 * latency + 1]
