"""What units that work once for a row get and must make of it: of the RTL and of its netlists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.functions.division import reciprocal
from golden.functions.norm import row_statistics, scaled_epsilon
from hw.functions.reciprocal import Reciprocal
from hw.functions.row_statistics import RowStatistics
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits
from verif.hw.functions.rows import beats, tried_rows

__all__ = ["ROW_UNITS", "RowUnit", "Streamed", "reciprocals", "statistics"]

Rows = Sequence[NDArray[np.uint32]]


@dataclass(frozen=True)
class Streamed:
    """Payloads as bit patterns: of the stream ``i``, and of those of ``o`` that golden makes of them.

    ``ports`` are values of other inputs.
    """

    payloads: Sequence[int]
    expected: Sequence[int]
    ports: Mapping[str, int]


def statistics(rows: Rows, *, lanes: int, eps: float, mean: bool = True) -> Streamed:
    """Factor and offset, the latter above, of each of rows of one width as bit patterns."""
    width = len(rows[0])
    epsilon = scaled_epsilon(eps, width)
    pairs = row_statistics(from_bits(np.stack(rows)), epsilon=epsilon, mean=mean)
    factors, offsets = (bits(value)[:, 0].tolist() for value in pairs)
    return Streamed(
        [beat for row in rows for beat in beats(row, lanes)],
        [factor | offset << 32 for factor, offset in zip(factors, offsets, strict=True)],
        {"width": width, "mean": int(mean), "epsilon": int(epsilon.view(np.uint32))},
    )


def reciprocals() -> Streamed:
    """Of patterns, and about where results leave the range."""
    rng = np.random.default_rng(1)
    rare = [
        sign | size
        for size in (*range(0x7E800000 - 2, 0x7E800003), 0x7F000000, 1 << 23)
        for sign in (0, 1 << 31)
    ]
    patterns = rare + PATTERNS[:24] + rng.permutation(PATTERNS)[:400].tolist()
    return Streamed(patterns, bits(reciprocal(from_bits(patterns))).tolist(), {})


@dataclass(frozen=True)
class RowUnit:
    """A unit, and what to try it with."""

    unit: Callable[[], object]
    cases: Mapping[str, Callable[[], Streamed]]


ROW_UNITS: Mapping[str, RowUnit] = {
    "row_statistics": RowUnit(
        lambda: RowStatistics(lanes=2),
        {
            "layer norm": lambda: statistics(tried_rows(63), lanes=2, eps=1e-6),
            "RMS norm": lambda: statistics(tried_rows(16), lanes=2, eps=1e30, mean=False),
        },
    ),
    "reciprocal": RowUnit(Reciprocal, {"patterns": reciprocals}),
}
