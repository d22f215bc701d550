"""The legal parameters of every design, and sets drawn from them: bounds, odd sizes, anything between."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from golden.formats import BLOCK_SIZE
from hw.target.targets import TARGETS

__all__ = ["MOST_BLOCKS", "SPACE", "Draw", "blocks", "draws", "elements", "parameters"]

_ARRAY: Mapping[str, Sequence[Any]] = {
    "rows": range(1, 65),
    "cols": range(1, 65),
    "drain_rows": range(1, 65),
    "k_blocks": range(1, 4097),
    "fraction_bits": range(1, 25),
    "product_stages": (1, 2),
    "target": tuple(TARGETS),
}

_STREAM = {**_ARRAY, "cols": (1, 2, 4, 8, 16)}

_ENGINE = {
    **_STREAM,
    "k_blocks": range(2, 4097, 2),
    "result_words": (0, 4, 8, 16),
    "adder_lanes": (0, 1, 2, 4, 8, 16),
    "arrays": range(1, 17),
    "stationary_tiles": range(1, 256),
    "data_bits": (64, 128, 256, 512),
    "address_bits": range(16, 65),
    "queue_depth": range(4, 65),
    "reorder_columns": (0, *range(16, 65537)),
    "function_lanes": (0, 1, 2, 4, 8, 16),
}

SPACE: Mapping[str, Mapping[str, Sequence[Any]]] = {
    **{f"mx_{unit}": {"target": _ARRAY["target"]} for unit in ("quantizer", "dequantizer", "converter")},
    "mx_array": _ARRAY,
    "mx_stream": _STREAM,
    "mixdit_gemm": _ENGINE,
}
"""Legal values of each parameter of each design, ascending.

``drain_rows`` must also divide ``rows``, and ``product_stages`` be 2 for targets with multipliers.
"""

_TURNS = (
    *("mixdit_gemm", "mx_array", "mixdit_gemm", "mx_stream") * 4,
    *("mx_converter", "mx_quantizer", "mx_dequantizer"),
)
"""The designs, in the order in which they are drawn, again and again."""

_SIZES = ("rows", "cols", "arrays")

MOST_BLOCKS = 1 << 18
"""Blocks in all operand buffers of a design: an export takes memory by them, for the largest gigabytes."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One set of parameters.

    Parameters
    ----------
    number:
        Its number in its seed's sequence.
    design, parameters:
        What to export.
    initialized:
        Whether with initial values.
    """

    number: int
    design: str
    parameters: Mapping[str, Any]
    initialized: bool


def elements(parameters: Mapping[str, Any]) -> int:
    """Processing elements of a design, all arrays together."""
    return math.prod(parameters.get(name, 1) for name in _SIZES)


def blocks(parameters: Mapping[str, Any]) -> int:
    """Blocks in the operand buffers of an engine, all lanes together; 0 for other designs."""
    if "stationary_tiles" not in parameters:
        return 0
    lanes = parameters["rows"] * parameters["arrays"] + BLOCK_SIZE
    return lanes * (max(2, parameters["stationary_tiles"]) + 1) * parameters["k_blocks"]


def draws(seed: int, count: int, most_elements: int) -> Iterator[Draw]:
    """``count`` sets, the same ones for the same ``seed``, of up to ``most_elements`` processing elements and
    ``MOST_BLOCKS`` blocks on chip.

    A parameter takes its least or its greatest value as often as any other one.
    """
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        design = _TURNS[number % len(_TURNS)]
        yield Draw(
            number=number,
            design=design,
            parameters=parameters(rng, SPACE[design], most_elements),
            initialized=rng.random() < 0.7,
        )


def parameters(
    rng: random.Random,
    space: Mapping[str, Sequence[Any]],
    most_elements: int,
    most_blocks: int = MOST_BLOCKS,
) -> dict[str, Any]:
    """A value of each parameter, such that together they are legal and within these limits."""
    drawn = {name: _value(rng, values) for name, values in space.items()}
    while elements(drawn) > most_elements:
        name = rng.choice([name for name in _SIZES if name in drawn])
        drawn[name] = rng.choice([value for value in space[name] if value <= drawn[name]])
    while blocks(drawn) > most_blocks:
        name = rng.choice(("stationary_tiles", "k_blocks"))
        drawn[name] = rng.choice([value for value in space[name] if value <= drawn[name]])
    if "rows" in drawn:
        divisors = [value for value in space["drain_rows"] if drawn["rows"] % value == 0]
        drawn["drain_rows"] = rng.choice(divisors)
    if "product_stages" in drawn and TARGETS[drawn["target"]].multiply_add:
        drawn["product_stages"] = 2
    return drawn


def _value(rng: random.Random, values: Sequence[Any]) -> Any:
    """One of ``values``: the first, the last, or, small ones more often than large ones, any."""
    if len(values) < 10:
        return rng.choice(values)
    place = rng.choice((0.0, 1.0, rng.random(), rng.random()))
    return values[round(len(values) ** place) - 1]
