"""GELU and SiLU: ``x G(x)``. The gate ``G`` is 1 far above 0, 0 far below, and ``G(-x) = 1 - G(x)``."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from golden.functions.fixed_point import Floats, by_pieces, magnitude
from golden.functions.product import cut_significand
from golden.rounding import canonical_nan

__all__ = ["GELU", "SILU", "Gate", "Parabola", "gelu", "parabolas", "silu"]

_Exact = NDArray[np.float64]
_CUT = np.int64(-1 << 52 - 23)
"""Keeps 24 bits of a binary64's significand."""

_SMALLEST_NORMAL = 2.0**-126


@dataclass(frozen=True)
class Gate:
    """The tail ``1 - G`` for arguments of at least 0, by parabolas over segments of equal width.

    With ``j`` the segment of ``|x|`` and ``t`` its offset there::

        tail = c0[j] - ((-c1[j] - (c2[j] * (t >> OFFSET - SQUARE) >> square_shift)) * t >> linear_shift)

    Parameters
    ----------
    span:
        Arguments from ``2**span`` on count as the largest one below.
    tail:
        ``1 - G`` of float64 arguments.
    """

    span: int
    tail: Callable[[_Exact], _Exact]

    SEGMENT = 6
    """Bits of the argument that choose a segment."""
    OFFSET = 10
    """Bits behind these."""
    OUT = 17
    """Fraction bits of the tail and of ``G``."""
    LINEAR = 13
    """Bits of a linear coefficient, with its sign."""
    SQUARE = 8
    """Bits of a square coefficient, with its sign, and of the offset that it is multiplied by."""

    @property
    def fraction(self) -> int:
        """Fraction bits of the argument."""
        return self.SEGMENT + self.OFFSET - self.span


def _gelu_tail(x: _Exact) -> _Exact:
    return np.asarray(0.5 * (1 - np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def _silu_tail(x: _Exact) -> _Exact:
    return 1 / (1 + np.exp(x))


GELU = Gate(span=3, tail=_gelu_tail)
"""GELU by its hyperbolic tangent, which diffusion transformers use."""

SILU = Gate(span=4, tail=_silu_tail)
"""SiLU: the gate is the logistic function."""


@dataclass(frozen=True)
class Parabola:
    """Coefficients of a gate's segments, in integers, and how far their products are shifted.

    Parameters
    ----------
    c0, c1, c2:
        Of each segment: the tail at its begin, in units of ``2**-Gate.OUT``; the linear and the square
        coefficient.
    square_shift, linear_shift:
        Bits that are cut from the products with them.
    """

    c0: tuple[int, ...]
    c1: tuple[int, ...]
    c2: tuple[int, ...]
    square_shift: int
    linear_shift: int


@cache
def parabolas(gate: Gate) -> Parabola:
    """The parabolas through the tail at the three Chebyshev nodes of each segment.

    ``c0`` then makes the largest errors to both sides equal, over all arguments of the segment.
    """
    segments = np.arange(1 << gate.SEGMENT)[:, None]
    width = 2.0 ** (gate.span - gate.SEGMENT)
    nodes = 0.5 + 0.5 * np.cos(np.pi * np.array([5, 3, 1]) / 6)
    y = gate.tail((segments + nodes) * width)
    first = (y[:, 1] - y[:, 0]) / (nodes[1] - nodes[0])
    second = ((y[:, 2] - y[:, 1]) / (nodes[2] - nodes[1]) - first) / (nodes[2] - nodes[0])
    linear, square = first - second * (nodes[0] + nodes[1]), second
    linear_bits, square_bits = (
        bits - 1 - int(np.ceil(np.log2(np.abs(c).max())))
        for bits, c in ((gate.LINEAR, linear), (gate.SQUARE, square))
    )
    made = Parabola(
        c0=(),
        c1=tuple(round(c * 2.0**linear_bits) for c in linear.tolist()),
        c2=tuple(round(c * 2.0**square_bits) for c in square.tolist()),
        square_shift=square_bits - linear_bits + gate.SQUARE,
        linear_shift=linear_bits + gate.OFFSET - gate.OUT,
    )
    steps = np.arange(1 << gate.OFFSET)[None]
    exact = gate.tail((segments + (steps + 0.5) / (1 << gate.OFFSET)) * width) * 2.0**gate.OUT
    error = exact + _falls(gate, made, segments, steps)
    c0 = [round(e) for e in ((error.max(1) + error.min(1)) / 2).tolist()]
    return replace(made, c0=tuple(c0))


def _falls(
    gate: Gate, p: Parabola, segment: NDArray[np.int64], offset: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How far the tail has fallen since its segment's begin."""
    c1, c2 = np.array(p.c1)[segment], np.array(p.c2)[segment]
    slope = -c1 - (c2 * (offset >> gate.OFFSET - gate.SQUARE) >> p.square_shift)
    return np.asarray(slope * offset >> p.linear_shift)


@cache
def _tails(gate: Gate) -> NDArray[np.int32]:
    """The tail at each argument."""
    p = parabolas(gate)
    argument = np.arange(1 << gate.SEGMENT + gate.OFFSET)
    segment, offset = argument >> gate.OFFSET, argument & (1 << gate.OFFSET) - 1
    return np.asarray(np.array(p.c0)[segment] - _falls(gate, p, segment, offset), np.int32)


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """GELU of float32 of any shape.

    ``|x|`` is cut to `Gate.fraction` fraction bits and saturates at ``2**Gate.span``; the gate has 17
    fraction bits. Its product with ``x``, whose significand is cut to 17 bits, is cut to 24 bits. Results
    below 2**-126 are zeros with the sign of ``x``, and so is that of -inf; NaN gives 0x7FC00000.
    """
    return by_pieces(lambda part: _gated(GELU, part), np.asarray(x, np.float32))


def silu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """SiLU of float32 of any shape; the rest as in `gelu`."""
    return by_pieces(lambda part: _gated(SILU, part), np.asarray(x, np.float32))


def _gated(gate: Gate, x: Floats) -> Floats:
    most = (1 << gate.SEGMENT + gate.OFFSET) - 1
    open_ = _tails(gate)[magnitude(x, fraction=gate.fraction, most=most)]
    open_ = np.where(np.signbit(x), open_, (1 << gate.OUT) - open_)
    # 35 bits: exact.
    product = cut_significand(x).astype(np.float64) * (open_ * 2.0**-gate.OUT)
    product[(np.abs(product) < _SMALLEST_NORMAL) | (open_ == 0)] = 0
    product.view(np.int64)[:] &= _CUT
    result = np.copysign(product.astype(np.float32), x)
    result[np.isnan(x)] = np.nan
    return canonical_nan(result)
