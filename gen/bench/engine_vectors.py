"""Jobs for an engine, and what golden makes of memory."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import MX6, MX9, Format, quantize
from golden.engine import (
    ENTRY_BYTES,
    Descriptor,
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    encode_list,
    row_bytes,
    run,
    to_rows,
)

__all__ = ["Jobs", "jobs_for"]

_MOST_ROWS = 20
"""Of D, so that a simulator that interprets takes seconds."""

_K = 40
"""Three blocks, the last one not full."""


@dataclass(frozen=True, eq=False)
class Jobs:
    """Descriptors, and memory from address 0 on.

    Parameters
    ----------
    descriptors:
        To run one after the other.
    list_address:
        Of a list of all of them in memory.
    before, after:
        uint8, a whole number of beats.
    """

    descriptors: Sequence[Descriptor]
    list_address: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]


def jobs_for(engine: Any) -> Jobs:
    """A product of MX6 with MX9 as binary32, and the same with a bias as blocks of MX6.

    D has more rows and columns than an array, unless that is too many. Both are in a list, too.
    """
    rng = np.random.default_rng(5)
    beat = engine.data_bits // 8
    m = min(engine.rows * engine.arrays + 1, _MOST_ROWS)
    n = min(engine.cols + 3, _MOST_ROWS)
    parts: list[NDArray[np.uint8]] = []

    def add(rows: NDArray[np.uint8]) -> tuple[int, int]:
        """Put rows behind what is there: their address and pitch."""
        pitch = -(-rows.shape[1] // beat) * beat
        padded = np.zeros((rows.shape[0], pitch), np.uint8)
        padded[:, : rows.shape[1]] = rows
        address = sum(part.size for part in parts)
        parts.append(padded.reshape(-1))
        return address, pitch

    def operand(rows: int, fmt: Format) -> tuple[int, int]:
        return add(to_rows(quantize(rng.standard_normal((rows, _K), np.float32), fmt)))

    def result(fmt: MemoryFormat) -> tuple[int, int]:
        return add(np.full((m, row_bytes(fmt, n)), 0xA5, np.uint8))

    a_address, a_pitch = operand(m, MX6)
    b_address, b_pitch = operand(n, MX9)
    bias_address, _ = add(rng.standard_normal((1, n), np.float32).astype("<f4").view(np.uint8))
    descriptors = []
    for fmt, bias in ((MemoryFormat.BINARY32, 0), (MemoryFormat.MX6, 1)):
        d_address, d_pitch = result(fmt)
        descriptors.append(
            Descriptor(
                m=m,
                n=n,
                k=_K,
                a_format=MemoryFormat.MX6,
                b_format=MemoryFormat.MX9,
                d_format=fmt,
                bias=bias,
                a_address=a_address,
                a_pitch=a_pitch,
                b_address=b_address,
                b_pitch=b_pitch,
                d_address=d_address,
                d_pitch=d_pitch,
                bias_address=bias_address if bias else 0,
            )
        )
    list_address = -(-sum(part.size for part in parts) // ENTRY_BYTES) * ENTRY_BYTES
    parts.append(np.zeros(list_address - sum(part.size for part in parts), np.uint8))
    parts.append(encode_list(descriptors, list_address))
    before = np.concatenate(parts)
    after = before.copy()
    parameters = EngineParameters(**{f.name: getattr(engine, f.name) for f in fields(EngineParameters)})
    for descriptor in descriptors:
        if code := run(after, descriptor, parameters):
            raise ValueError(f"golden refuses a job of the bench: {ErrorCode(code).name}")
    return Jobs(descriptors, list_address, before, after)
