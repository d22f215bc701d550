"""Errors of functions against float64, in units of the last place of the MX9 blocks of their results."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import MX9, dequantize, quantize
from golden.functions import exp2, exponential, gelu, normalize, silu
from golden.functions.product import multiply17
from perf.accuracy.rivals import e2softmax, hard_swish, i_exp, i_gelu, softermax

__all__ = ["Row", "rows"]

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

_ROWS, _WIDTH = 256, 1152
_KEYS = 256
_HEAD = 72


@dataclass(frozen=True, kw_only=True)
class Row:
    """Errors of one function.

    Parameters
    ----------
    function, unit:
        What is computed, and by what.
    most, usual:
        The largest and the root mean square error, in units of the last place of the MX9 block.
    sqnr:
        Signal to noise in dB of the results in MX9, of exponentials of softmax times V with P in MX9.
    """

    function: str
    unit: str
    most: float
    usual: float
    sqnr: float


def rows(seed: int = 0) -> Iterator[Row]:
    """All of them; first of each function the exact one, rounded to MX9 alone."""
    rng = np.random.default_rng(seed)
    yield from _exponentials(rng)
    normal = rng.normal(0, 2, (_ROWS, _WIDTH)).astype(np.float32)
    for name, exact, units in (
        ("GELU", _gelu, {"ours": _of(gelu), "I-BERT": i_gelu}),
        ("SiLU", _silu, {"ours": _of(silu), "hard swish": hard_swish}),
    ):
        yield from _compare(name, normal.astype(np.float64), exact, units)
    outliers = normal * np.where(rng.random((1, _WIDTH)) < 0.01, 1000, 1).astype(np.float32)
    for name, x in (("layer norm", normal), ("layer norm, outliers x 1000", outliers)):
        yield from _compare(
            name, x.astype(np.float64), _layer_norm, {"ours": _of(lambda x: normalize(x, eps=1e-6))}
        )


def _of(function: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Function:
    return lambda x: function(x.astype(np.float32)).astype(np.float64)


def _gelu(x: Floats) -> Floats:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def _silu(x: Floats) -> Floats:
    return np.asarray(x / (1 + np.exp(-x)))


def _layer_norm(x: Floats) -> Floats:
    center = x - x.mean(-1, keepdims=True)
    return np.asarray(center / np.sqrt((center**2).mean(-1, keepdims=True) + 1e-6))


def _compare(name: str, x: Floats, exact: Function, units: Mapping[str, Function]) -> Iterator[Row]:
    right = exact(x)
    for unit, function in {"float64": exact, **units}.items():
        got = function(x)
        error = _in_units(got - right, right)
        yield Row(
            function=name,
            unit=unit,
            most=float(np.abs(error).max()),
            usual=float(np.sqrt((error**2).mean())),
            sqnr=_sqnr(_in_mx9(got), right),
        )


def _exponentials(rng: np.random.Generator) -> Iterator[Row]:
    """Of logits of some rows of attention; base 2 needs no maximum, the others have it subtracted."""
    logits = rng.normal(0, 2, (_ROWS, _KEYS)).astype(np.float32)
    values = rng.normal(size=(_KEYS, _HEAD))
    x = logits.astype(np.float64)
    below = x - x.max(-1, keepdims=True)
    in_base_2 = multiply17(logits, np.array(np.log2(np.e), np.float32))
    units = {
        "float64": np.exp(below),
        "ours": exp2(in_base_2).astype(np.float64),
        "ours, less the maximum": exponential(in_base_2).astype(np.float64),
        "I-BERT": i_exp(below),
        "Softermax": softermax(below),
        "SOLE": e2softmax(below),
    }
    right = np.exp(below) / np.exp(below).sum(-1, keepdims=True) @ values
    for unit, got in units.items():
        exact = np.exp(x) if unit == "ours" else np.exp(below)
        error = _in_units(got - exact, exact)
        p = _in_mx9(got)
        yield Row(
            function="exponential of softmax",
            unit=unit,
            most=float(np.abs(error).max()),
            usual=float(np.sqrt((error**2).mean())),
            sqnr=_sqnr(p @ values / p.sum(-1, keepdims=True), right),
        )


def _in_units(error: Floats, right: Floats) -> Floats:
    """``error`` in units of the last place of the blocks of ``right`` in MX9."""
    blocks = np.abs(right).reshape(-1, MX9.block_size)
    _, exponent = np.frexp(blocks.max(-1, keepdims=True))
    unit = 2.0 ** (exponent - MX9.magnitude_bits)
    return np.asarray(error.reshape(blocks.shape) / unit)


def _in_mx9(x: Floats) -> Floats:
    return dequantize(quantize(x.astype(np.float32), MX9)).astype(np.float64)


def _sqnr(got: Floats, right: Floats) -> float:
    return float(10 * np.log10((right**2).sum() / ((got - right) ** 2).sum()))
