"""An engine's parameters, operands for it, and what makes two results the same."""

import numpy as np

from golden import MX4, MX6, MX9, MXINT8, concat, quantize
from golden.engine import EngineParameters

__all__ = ["PARAMETERS", "A", "B", "random_rows", "same"]

PARAMETERS = EngineParameters(
    rows=4, cols=8, k_blocks=4, reorder_columns=512, address_bits=32, function_lanes=4
)


def random_rows(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


A = concat([quantize(random_rows(1, 5, 16), MX9), quantize(random_rows(2, 5, 84), MX6)])
B = {fmt.name: quantize(random_rows(3, 33, 100), fmt) for fmt in (MX4, MX6, MX9, MXINT8)}


def same(x, y) -> bool:
    """Whether two results are the same, bit for bit, tensors by their codes."""
    if isinstance(x, np.ndarray):
        return np.array_equal(x.view(np.uint32), y.view(np.uint32))
    return [p.fmt for p in x.parts] == [p.fmt for p in y.parts] and all(
        np.array_equal(getattr(p, name), getattr(q, name))
        for p, q in zip(x.parts, y.parts, strict=True)
        for name in ("exponents", "microexponents", "elements")
    )
