"""Bit patterns of binary32, and rows, to try functions on."""

import numpy as np

__all__ = ["PATTERNS", "from_bits", "rows"]


def _patterns() -> list[int]:
    """Zeros, subnormals, limits, infinities and NaNs of both signs, and some of every exponent."""
    rng = np.random.default_rng(0)
    sizes = [0, 1, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x3F7FFFFF, 0x7F7FFFFF, 0x7F800000]
    sizes += [0x7F800001, 0x7FC00000, 0x7FFFFFFF]
    for exponent in range(1, 255):
        sizes += [exponent << 23 | int(rng.integers(1 << 23)) for _ in range(8)]
    return [sign | size for size in sizes for sign in (0, 1 << 31)]


PATTERNS = _patterns()
"""About 4000."""


def from_bits(patterns) -> np.ndarray:
    """The float32 with these bit patterns."""
    return np.array(patterns, np.uint32).view(np.float32)


def rows(rng, width: int) -> list[np.ndarray]:
    """Ordinary rows, with outliers, with a large mean, constant, tiny, huge, mixed exponents, zeros."""
    x = rng.normal(size=width)
    outliers = np.where(rng.random(width) < 0.05, 1000.0, 1.0)
    return [
        np.asarray(row, np.float32)
        for row in (
            x,
            x * outliers,
            x + 100,
            np.full(width, 3.0),
            x * 2.0**-120,
            x * 2.0**120,
            x * 2.0 ** rng.integers(-40, 40, width),
            -np.abs(x),
            np.zeros(width),
            np.full(width, 2.0**-130),
            np.where(rng.random(width) < 0.9, 0, x),
        )
    ]
