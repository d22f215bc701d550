"""What units of functions get and must make of it: of the RTL and of its netlists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import add_binary32
from golden.functions import exp2, exponential, gelu, multiply17, normalize, silu
from golden.functions.activation import GELU, SILU
from golden.functions.exp2 import EXP2_FRACTION
from golden.functions.norm import row_statistics, scaled_epsilon
from golden.rounding import flush
from hw.functions.activation import Activation
from hw.functions.exp2 import Exp2
from hw.functions.normalize import Normalize
from hw.functions.product import Multiply17
from verif.golden.functions.patterns import PATTERNS, from_bits, rows
from verif.golden.samples import bits

__all__ = ["UNITS", "VECTORS", "Vectors", "due"]

UNITS = {"exp2": Exp2, "activation": Activation, "product": Multiply17, "normalize": Normalize}


@dataclass(frozen=True)
class Vectors:
    """Bit patterns of binary32: of each input, and of the results that golden makes of them.

    Inputs ``held`` have the same value all the time. ``together``: all inputs come with the first one, also
    where the unit takes some of them later otherwise. The first ``settling`` results may be anything.
    """

    inputs: Mapping[str, NDArray[np.uint32]]
    expected: NDArray[np.uint32]
    held: Mapping[str, int] | None = None
    together: bool = False
    settling: int = 0


def due(unit, vectors: Vectors) -> dict[str, NDArray[np.uint32]]:
    """The inputs cycle by cycle: some units take some of them later, with NaNs before and behind them."""
    arrivals = {} if vectors.together else getattr(unit, "arrivals", {})
    most = max(arrivals.values(), default=0)
    return {
        name: np.pad(column, (late := arrivals.get(name, 0), most - late), constant_values=0x7FC00000)
        for name, column in vectors.inputs.items()
    }


def _exp2_of(x) -> Vectors:
    patterns = bits(np.asarray(x, np.float32))
    return Vectors({"i": patterns}, bits(exp2(patterns.view(np.float32))))


def _every_fraction() -> Vectors:
    """All 8192 of them, each at an integer of its own."""
    rng = np.random.default_rng(0)
    fractions = np.arange(1 << EXP2_FRACTION) / 2**EXP2_FRACTION
    return _exp2_of(rng.choice([1, -1], fractions.size) * (rng.integers(0, 130, fractions.size) + fractions))


def _about_the_least_normal() -> Vectors:
    steps = np.arange(-64, 64) / 2**EXP2_FRACTION
    return _exp2_of(np.concatenate([at + steps for at in (-126, -127, -128, 127, 128)]))


_ACTIVATIONS = {"gelu": (gelu, GELU), "silu": (silu, SILU)}


def _activation_of(name: str, patterns) -> Vectors:
    x = from_bits(patterns)
    return Vectors({"i": bits(x)}, bits(_ACTIVATIONS[name][0](x)), held={"silu": int(name == "silu")})


def _arguments(name: str) -> Vectors:
    """Every eighth of both signs, with all bits of a significand."""
    rng = np.random.default_rng(0)
    x = (np.arange(0, 1 << 16, 8) + rng.random(1 << 13)) / 2 ** _ACTIVATIONS[name][1].fraction
    return _activation_of(name, bits((x * rng.choice([1, -1], x.size)).astype(np.float32)))


def _product_of(x, y) -> Vectors:
    x, y = from_bits(x), from_bits(y)
    return Vectors({"x": bits(x), "y": bits(y)}, bits(multiply17(x, y)))


def _patterns_by_each_other() -> Vectors:
    rng = np.random.default_rng(1)
    edges = PATTERNS[:24]
    x = [*PATTERNS, *(x for x in edges for _ in edges)]
    return _product_of(x, [*rng.permutation(PATTERNS), *(y for _ in edges for y in edges)])


def _ties_and_the_ends_of_the_range() -> Vectors:
    """Significands of few bits make ties; sums of exponents are about both ends of the range."""
    rng = np.random.default_rng(2)
    size = 6000
    short = rng.integers(1, 1 << 12, (2, size)) << 11
    long = rng.integers(0, 1 << 23, (2, size))
    fractions = np.where(rng.random((2, size)) < 0.5, short, long)
    fractions[:, ::7] = 0x7FFFC0
    exponents = rng.integers(1, 255, size)
    other = rng.choice([126, 127, 128, 380, 381, 382], size) - exponents
    kept = (other > 0) & (other < 255)
    return _product_of((exponents << 23 | fractions[0])[kept], (other << 23 | fractions[1])[kept])


_NORM_INPUTS = ("x", "factor", "offset", "scale", "shift")


def _normalized(columns, expected) -> Vectors:
    inputs = dict(zip(_NORM_INPUTS, (bits(column).reshape(-1) for column in columns), strict=True))
    return Vectors(inputs, bits(expected).reshape(-1), held={"exponential": 0})


def _rows(*, mean: bool) -> Vectors:
    """One row right after the other, with factors and offsets of their own; two with an infinity or a NaN."""
    rng = np.random.default_rng(0)
    x = np.stack(rows(rng, 24))
    scale = rng.normal(1, 0.3, 24).astype(np.float32)
    shift = np.where(rng.random(24) < 0.1, 2.0**-130, rng.normal(0, 0.3, 24)).astype(np.float32)
    factor, offset = row_statistics(x, epsilon=scaled_epsilon(1e-6, 24), mean=mean)
    for row, element in ((2, np.nan), (5, -np.inf)):
        x[row, 7], factor[row] = element, np.nan
    columns = [np.broadcast_to(part, x.shape).copy() for part in (x, factor, offset, scale, shift)]
    return _normalized(columns, normalize(x, eps=1e-6, scale=scale, shift=shift, mean=mean))


def _any_five() -> Vectors:
    """What golden's steps make one after the other."""
    rng = np.random.default_rng(1)
    patterns = [rng.permutation(PATTERNS)[:2000] for _ in _NORM_INPUTS]
    patterns[1][::2] = 0x3F800000 + rng.integers(1 << 23, size=1000)
    columns = x, factor, offset, scale, shift = [from_bits(column) for column in patterns]
    tiny = np.float32(2.0**-126)
    for addend in (offset, shift):
        addend[np.abs(addend) < tiny] *= 0
    y = add_binary32(multiply17(x, factor), offset)
    return _normalized(columns, add_binary32(multiply17(y, scale), shift))


def _exponentials() -> Vectors:
    """Of rows, whose offset comes with their elements; scale and factor count for nothing."""
    rng = np.random.default_rng(2)
    x = np.stack([*rows(rng, 24), *(100 * part for part in rows(rng, 24)[:4])])
    finite = [pattern for pattern in PATTERNS if pattern & 0x7FFFFFFF < 0x7F800000]
    x = np.concatenate([x, from_bits(rng.choice(finite, (200, 24)))])
    x[1, 12], x[2, 23] = -np.inf, np.nan
    offset = 0 - flush(x).max(-1, keepdims=True)
    offset[x.max(-1) == np.inf] = np.nan
    offset = np.broadcast_to(offset, x.shape)
    factor, scale = (from_bits(rng.choice(PATTERNS, x.size)) for _ in range(2))
    # The unit learns a cycle before the first element that exponentials are wanted.
    inputs = {
        name: np.pad(bits(np.ascontiguousarray(values)).reshape(-1), (1, 0))
        for name, values in {"x": x, "factor": factor, "offset": offset, "scale": scale}.items()
    }
    expected = np.pad(bits(exponential(x)).reshape(-1), (1, 0))
    return Vectors(inputs, expected, {"exponential": 1, "shift": 0}, together=True, settling=1)


VECTORS: Mapping[str, Mapping[str, Callable[[], Vectors]]] = {
    "exp2": {
        "patterns": lambda: _exp2_of(from_bits(PATTERNS)),
        "every fraction": _every_fraction,
        "about the least normal": _about_the_least_normal,
    },
    "activation": {
        f"{name} of {what}": made
        for name in _ACTIVATIONS
        for what, made in (
            ("patterns", lambda name=name: _activation_of(name, PATTERNS)),
            ("arguments", lambda name=name: _arguments(name)),
        )
    },
    "product": {
        "patterns by each other": _patterns_by_each_other,
        "ties and the ends of the range": _ties_and_the_ends_of_the_range,
    },
    "normalize": {
        "layer norm": lambda: _rows(mean=True),
        "RMS norm": lambda: _rows(mean=False),
        "any five patterns": _any_five,
        "exponentials": _exponentials,
    },
}
"""By the name of a unit of ``UNITS`` and of what is tried."""
