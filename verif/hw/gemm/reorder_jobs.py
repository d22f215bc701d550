"""Random reorder jobs for the engine."""

import numpy as np

from golden.engine import (
    MIXABLE_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    Descriptor,
    MemoryFormat,
    Norm,
    Operation,
    row_bytes,
)
from golden.functions.norm import scaled_epsilon
from verif.hw.gemm.random_jobs import Job, Layout

__all__ = ["FORMATS", "MINUS_INFINITY", "SPECIAL", "random_reorder_job"]

FORMATS = QUANTIZED_FORMATS
"""Those of D on any engine."""

MINUS_INFINITY = 0xFF800000
"""The bit pattern of a mask."""

SPECIAL = (0x7FC00000, 0x7F800000, 1, 0x80000000, 0x7F800001, 0xFFFFFFFF)
"""Bit patterns among the values."""


def random_reorder_job(
    rng: np.random.Generator, layout: Layout, *, m: int, n: int, functions: bool = False, floats: bool = True
) -> Job:
    """``m`` rows of ``n`` random floats of either width, and everything else random too.

    They are divided or normalized now and then, or become exponentials or ``floats``, if the engine has
    ``functions``.
    """
    divide = int(functions and rng.random() < 0.3)
    norm = Norm(int(rng.choice(list(Norm)))) if functions and not divide else Norm.NONE
    source = MemoryFormat(int(rng.choice(REORDER_FORMATS)))
    target = MemoryFormat(int(rng.choice(RESULT_FORMATS if functions and floats else FORMATS)))
    leading = int(rng.integers(0, -(-n // 16) + 1)) if target in MIXABLE_FORMATS else 0
    shape = m, n + divide
    exponential = norm == Norm.EXPONENTIAL
    scale = 2.0 ** (rng.integers(-2, 12, (m, 1)) if exponential else rng.integers(-20, 20, shape))
    bits = (rng.standard_normal(shape) * scale).astype(np.float32).view(np.uint32)
    special = rng.random(shape) < (0.001 if norm else 0.01)  # one makes NaN of a whole row
    if exponential:
        bits[rng.random(shape) < rng.choice((0, 0.3, 0.97))] = MINUS_INFINITY
    if divide and rng.random() < 0.5:  # sums of exponentials
        bits[:, -1] &= 0x7FFFFFFF
        special[:, -1] = False
    bits[special] = rng.choice(np.array(SPECIAL, np.uint32), special.sum())
    rows = bits.view(np.uint8).reshape(m, -1)
    if source == MemoryFormat.BFLOAT16:
        rows = (bits >> 16).astype("<u2").view(np.uint8).reshape(m, -1)
    address, pitch = layout.place(m, rows.shape[1], source.alignment)
    contents = [(address + r * pitch, row.tobytes()) for r, row in enumerate(rows)]
    permute = int(rng.integers(2))
    order_address = 0
    if permute:
        order_address, _ = layout.place(1, 2 * n, 2)
        contents.append((order_address, rng.permutation(n).astype("<u2").tobytes()))
    modulated = norm in (Norm.LAYER, Norm.RMS)
    bias, gate = (int(modulated and rng.random() < 0.5) for _ in range(2))
    bias_address = 0
    if bias or gate:
        vectors = rng.standard_normal((bias + gate) * n).astype(np.float32)
        vectors[rng.random(vectors.size) < 0.02] = rng.choice((np.nan, np.inf, 1e-40))
        bias_address, _ = layout.place(1, vectors.nbytes, 4)
        contents.append((bias_address, vectors.tobytes()))
    added = scaled_epsilon(float(rng.choice((0, 1e-40, 1e-6, 1))), n) if modulated else np.float32(0)
    d_address, d_pitch = layout.place(m, row_bytes(target, n, leading), target.alignment)
    descriptor = Descriptor(
        operation=Operation.REORDER, permute=permute, divide=divide, norm=norm, m=m, n=n,
        a_format=source, bias=bias, gate=gate, bias_address=bias_address, epsilon=int(added.view("u4")),
        d_format=target, d_mx9_blocks=leading, a_address=address, a_pitch=pitch, b_address=order_address,
        d_address=d_address, d_pitch=d_pitch,
    )  # fmt: skip
    return Job(descriptor, tuple(contents))
