"""Random reorder jobs for the engine."""

import numpy as np

from golden.engine import QUANTIZED_FORMATS, REORDER_FORMATS, Descriptor, MemoryFormat, Operation, row_bytes
from verif.hw.gemm.random_jobs import Job, Layout

__all__ = ["FORMATS", "random_reorder_job"]

FORMATS = QUANTIZED_FORMATS


def random_reorder_job(
    rng: np.random.Generator, layout: Layout, *, m: int, n: int, divides: bool = False
) -> Job:
    """``m`` rows of ``n`` random floats of either width, and everything else random too.

    They are divided now and then if the engine ``divides``.
    """
    divide = int(divides and rng.random() < 0.5)
    source = MemoryFormat(int(rng.choice(REORDER_FORMATS)))
    target = MemoryFormat(int(rng.choice(FORMATS)))
    leading = int(rng.integers(0, -(-n // 16) + 1)) if target != MemoryFormat.MX9 else 0
    shape = m, n + divide
    scale = 2.0 ** rng.integers(-20, 20, shape)
    bits = (rng.standard_normal(shape) * scale).astype(np.float32).view(np.uint32)
    special = rng.random(shape) < 0.01
    bits[special] = rng.choice(np.array([0x7FC00000, 0x7F800000, 1, 0x80000000], np.uint32), special.sum())
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
    d_address, d_pitch = layout.place(m, row_bytes(target, n, leading), 2)
    descriptor = Descriptor(
        operation=Operation.REORDER, permute=permute, divide=divide, m=m, n=n, a_format=source,
        d_format=target, d_mx9_blocks=leading, a_address=address, a_pitch=pitch, b_address=order_address,
        d_address=d_address, d_pitch=d_pitch,
    )  # fmt: skip
    return Job(descriptor, tuple(contents))
