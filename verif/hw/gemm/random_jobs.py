"""Random products for the engine: memory, descriptors, and what must be in memory afterwards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import MXTensor, Tensor, concat
from golden.engine import (
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    RESULT_FORMATS,
    Descriptor,
    EngineParameters,
    Function,
    MemoryFormat,
    describe,
    row_bytes,
    to_rows,
)
from golden.formats import BLOCK_SIZE
from verif.hw.array.operands import operands

__all__ = ["CASES", "Job", "Layout", "random_job", "random_sizes"]

CASES = ("ordinary", "nan", "zero", "extreme", "lowest", "spread")
"""What operands hold, see ``verif.hw.array.operands``."""


_FUNCTIONS = [0.1 if function == Function.NONE else 0.3 for function in Function]
"""How often each one is asked for where one may be: results of none are those of all other jobs."""


@dataclass(frozen=True)
class Job:
    """A descriptor, and the bytes that must lie in memory before it, by address."""

    descriptor: Descriptor
    contents: tuple[tuple[int, bytes], ...]


class Layout:
    """Hands out memory from ``start`` on, with random gaps."""

    def __init__(self, rng: np.random.Generator, start: int = 0):
        self.rng = rng
        self.next = start

    def place(self, rows: int, size: int, alignment: int) -> tuple[int, int]:
        """Address and pitch for ``rows`` rows of ``size`` bytes."""

        def gap(most):
            return int(self.rng.integers(0, most // alignment + 1)) * alignment

        address = -(-(self.next + gap(80)) // alignment) * alignment
        pitch = -(-size // alignment) * alignment + (gap(100) if self.rng.random() < 0.7 else 0)
        self.next = address + (rows - 1) * pitch + size
        return address, pitch


_LONGEST_CHUNK = 8
"""Blocks: jobs of engines with longer ones would take too long, and are of one chunk."""


def random_sizes(rng: np.random.Generator, p: EngineParameters) -> dict[str, int]:
    """M, N and K: within a tile or over several, on the edge or beside it, one or more chunks."""
    tile = {"m": p.rows * p.arrays, "n": 16, "k": 16 * min(p.k_blocks, _LONGEST_CHUNK)}
    sizes = {}
    for name, whole in tile.items():
        sizes[name] = max(
            1,
            int(rng.integers(1, 3.2 * whole))
            if rng.random() < 0.7
            else int(rng.integers(1, 3)) * whole + int(rng.integers(-1, 2)),
        )
    return sizes


def random_operand(rng: np.random.Generator, rows: int, k: int, case: str) -> Tensor:
    """A matrix of one format, or of MX9 followed by another one."""
    blocks = -(-k // BLOCK_SIZE)
    fmt = MemoryFormat(int(rng.choice(OPERAND_FORMATS)))
    leading = 0
    if fmt in MIXABLE_FORMATS and rng.random() < 0.6:
        leading = int(rng.integers(0, blocks + 1))

    def part(kind: str, count: int) -> Tensor:
        return operands(rng, (rows, 1, count), (kind, kind), case)[0]

    if fmt == MemoryFormat.MXINT8:
        t = part("MXINT8", blocks + blocks % 2)
        return _cut(t, k)
    parts = [part("MX9", leading)] if leading else []
    if blocks > leading:
        parts.append(part(fmt.name, blocks - leading))
    return _cut(parts[0] if len(parts) == 1 else concat(parts), k)


def _cut(t: Tensor, k: int) -> Tensor:
    """The tensor with its true length, which ends within the last block."""
    *front, last = t.parts
    length = k - sum(part.k for part in front)
    last = MXTensor(last.fmt, length, last.exponents, last.microexponents, last.elements)
    return last if not front else concat([*front, last])


def random_job(
    rng: np.random.Generator,
    layout: Layout,
    *,
    m: int,
    n: int,
    k: int,
    case: str = "ordinary",
    functions: bool = False,
    **fixed: int,
) -> Job:
    """A product of random operands, with everything else random too, but for ``fixed`` descriptor fields.

    Every part of the epilogue is there now and then if the engine has ``functions``.
    """
    contents = []

    def put(rows: NDArray[np.uint8], alignment: int) -> tuple[int, int]:
        address, pitch = layout.place(*rows.shape, alignment)
        contents.extend((address + r * pitch, row.tobytes()) for r, row in enumerate(rows))
        return address, pitch

    fields = {}
    for name, rows in (("a", m), ("b", n)):
        t = random_operand(rng, rows, k, case)
        fmt, leading = describe(t)
        if leading == 0 and fmt == MemoryFormat.MX9 and rng.random() < 0.3:
            fmt, leading = MemoryFormat.MX6, -(-k // BLOCK_SIZE)
        address, pitch = put(to_rows(t), fmt.alignment)
        fields |= {
            f"{name}_format": fmt,
            f"{name}_mx9_blocks": leading,
            f"{name}_address": address,
            f"{name}_pitch": pitch,
        }
    everything = functions and rng.random() < 0.2
    accumulate = fixed.get("accumulate", int(everything or rng.random() < 0.25))
    d_format = MemoryFormat.BINARY32 if accumulate else MemoryFormat(int(rng.choice(RESULT_FORMATS)))
    d_format = MemoryFormat(fixed.pop("d_format", d_format))
    d_leading = int(rng.integers(0, -(-n // BLOCK_SIZE) + 1)) if d_format in MIXABLE_FORMATS else 0
    scale, gate = (
        fixed.get(name, int(everything or (functions and rng.random() < 0.3))) for name in ("scale", "gate")
    )
    by_row = fixed.get("gate_by_row", int(gate and rng.random() < 0.5))
    has_function = functions and rng.random() < 0.7
    old = rng.standard_normal((m, n), dtype=np.float32).view(np.uint8).reshape(m, -1)
    if not accumulate:
        old = rng.integers(0, 256, (m, row_bytes(d_format, n, d_leading)), dtype=np.uint8)
    address, pitch = put(old, d_format.alignment)
    fields |= {
        "d_format": d_format,
        "d_mx9_blocks": d_leading,
        "d_address": address,
        "d_pitch": pitch,
        "accumulate": accumulate,
        "function": int(rng.choice(list(Function), p=_FUNCTIONS)) if has_function else Function.NONE,
        "keep_b": int(rng.integers(2)),
    }
    bias = fixed.get("bias", int(everything or rng.random() < 0.3))
    if scale or bias or gate:
        length = (scale + bias) * n + gate * (m if by_row else n)
        vectors = rng.standard_normal((1, length), dtype=np.float32).view(np.uint8)
        address, _ = put(vectors, 4)
        fields |= {"scale": scale, "bias": bias, "gate": gate, "gate_by_row": by_row, "bias_address": address}
    return Job(Descriptor(m=m, n=n, k=k, **{**fields, **fixed}), tuple(contents))
