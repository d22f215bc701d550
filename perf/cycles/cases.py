"""Random jobs, and the engines that they run on: descriptors alone, for no cycle depends on the data.

Memory holds zeros but for permutations. So no block has an element -2^m, which would take a pass of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.engine import (
    FLOAT_BYTES,
    INDEX_BYTES,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    Descriptor,
    EngineParameters,
    Function,
    MemoryFormat,
    Operation,
    row_bytes,
)
from golden.formats import BLOCK_SIZE
from mixdit.sim import Memory

__all__ = ["ENGINES", "MEMORIES", "Build", "Case", "random_case"]

LIST_BYTES = 1 << 12
"""At the start of memory, for the entries of a list."""

MOST_JOBS = 6
"""Of a case: more than can be under way and wait at a time."""

MOST_ROWS = 12
"""Of a row job."""


@dataclass(frozen=True)
class Build:
    """An engine: its parameters, and what else ``hw.gemm.engine.Engine`` takes."""

    parameters: EngineParameters
    result_words: int = 0


def _build(words: int = 0, **parameters: Any) -> Build:
    return Build(EngineParameters(**parameters), words)


ENGINES = {
    "4x4": _build(rows=4, cols=4, k_blocks=4, function_lanes=0),
    "8x8, 256 bits": _build(
        8, rows=8, cols=8, k_blocks=6, data_bits=256, stationary_tiles=4, function_lanes=0
    ),
    "2 of 4x8, functions": _build(
        16, rows=4, cols=8, drain_rows=2, arrays=2, k_blocks=4, data_bits=512, stationary_tiles=5
    ),
    "4 of 2x16, 64 bits": _build(
        4, rows=2, cols=16, arrays=4, k_blocks=8, data_bits=64, function_lanes=0, stationary_tiles=3
    ),
    "4x8, functions, rows": _build(rows=4, cols=8, k_blocks=4, reorder_columns=64, function_lanes=4),
    "2 of 8x4, rows": _build(
        rows=8, cols=4, arrays=2, k_blocks=4, data_bits=256, reorder_columns=96, function_lanes=0
    ),
}
"""Small ones, so that they compile fast and short jobs reach all of their limits, by name."""

MEMORIES = {
    "ideal": Memory(),
    "slow": Memory(read_latency=90, write_latency=3, bandwidth=0.37),
    "few bursts": Memory(read_latency=3, write_latency=70, bandwidth=0.8, outstanding=3),
}
"""What the memory takes to answer, by name."""


@dataclass(frozen=True)
class Case:
    """Jobs that are queued one behind the other, or as a list.

    ``contents`` are the permutations, by address. ``size`` bytes of memory hold it all.
    """

    descriptors: tuple[Descriptor, ...]
    contents: tuple[tuple[int, NDArray[np.uint8]], ...]
    listed: bool
    size: int

    def __str__(self) -> str:
        jobs = ", ".join(map(_name, self.descriptors))
        return f"list of {jobs}" if self.listed else jobs


def _name(d: Descriptor) -> str:
    if d.operation == Operation.REORDER:
        steps = [name for name in ("divide", "permute") if getattr(d, name)]
        return " ".join([f"rows {d.m}x{d.n}", *steps])
    steps = [name for name in ("scale", "bias", "gate", "accumulate") if getattr(d, name)]
    if d.function:
        steps.append(Function(d.function).name.lower())
    return " ".join([f"{d.m}x{d.n}x{d.k}", *steps])


class _Layout:
    """Hands out memory, with random gaps."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.next = LIST_BYTES

    def place(self, rows: int, size: int, alignment: int) -> tuple[int, int]:
        """Address and pitch for rows of ``size`` bytes."""
        gap, wider = (int(self.rng.integers(0, most // alignment)) * alignment for most in (80, 100))
        address = -(-self.next // alignment) * alignment + gap
        pitch = -(-size // alignment) * alignment + (wider if self.rng.random() < 0.7 else 0)
        self.next = address + rows * pitch
        return address, pitch


def random_case(rng: np.random.Generator, parameters: EngineParameters, jobs: int | None = None) -> Case:
    """A case of up to `MOST_JOBS` jobs, or of so many ``jobs``, with all that engine and model have."""
    layout = _Layout(rng)
    contents: list[tuple[int, NDArray[np.uint8]]] = []
    descriptors = [
        _rows(rng, parameters, layout, contents)
        if parameters.reorder_columns and rng.random() < 0.5
        else _product(rng, parameters, layout)
        for _ in range(jobs or int(rng.integers(1, MOST_JOBS + 1)))
    ]
    size = -(-layout.next // 4096) * 4096 + 4096
    return Case(tuple(descriptors), tuple(contents), bool(rng.random() < 0.25), size)


def _length(rng: np.random.Generator, whole: int) -> int:
    """Within a tile or over several, or on the edge of one, or beside that."""
    if rng.random() < 0.7:
        return int(rng.integers(1, round(3.2 * whole)))
    return max(1, int(rng.integers(1, 3)) * whole + int(rng.integers(-1, 2)))


def _product(rng: np.random.Generator, p: EngineParameters, layout: _Layout) -> Descriptor:
    m, n, k = (_length(rng, whole) for whole in (p.rows * p.arrays, BLOCK_SIZE, BLOCK_SIZE * p.k_blocks))
    functions = p.function_lanes > 0
    few = {name: int(rng.random() < 0.3) for name in ("bias", "accumulate")}
    few |= {name: int(functions and rng.random() < 0.3) for name in ("scale", "gate")}
    fields: dict[str, Any] = {"m": m, "n": n, "k": k, "keep_b": int(rng.integers(2)), **few}
    if functions and rng.random() < 0.6:
        fields["function"] = int(rng.choice(list(Function)))
    formats = {"a": OPERAND_FORMATS, "b": OPERAND_FORMATS, "d": RESULT_FORMATS}
    if few["accumulate"]:
        formats["d"] = (MemoryFormat.BINARY32,)
    for name, (rows, columns) in {"a": (m, k), "b": (n, k), "d": (m, n)}.items():
        fields |= _matrix(rng, layout, name, rows, columns, formats[name])
    if few["scale"] or few["bias"] or few["gate"]:
        by_row = int(few["gate"] and rng.random() < 0.5)
        length = (few["scale"] + few["bias"]) * n + few["gate"] * (m if by_row else n)
        fields["bias_address"], _ = layout.place(1, FLOAT_BYTES * length, FLOAT_BYTES)
        fields["gate_by_row"] = by_row
    return Descriptor(**fields)


def _rows(
    rng: np.random.Generator,
    p: EngineParameters,
    layout: _Layout,
    contents: list[tuple[int, NDArray[np.uint8]]],
) -> Descriptor:
    functions = p.function_lanes > 0
    permute, divide = int(rng.integers(2)), int(functions and rng.random() < 0.4)
    m, n = int(rng.integers(1, MOST_ROWS)), int(rng.integers(1, p.reorder_columns + 1))
    if permute:  # of whole blocks, see perf.cycles.jobs
        n = max(1, n // BLOCK_SIZE) * BLOCK_SIZE
    fields: dict[str, Any] = {"m": m, "n": n, "permute": permute, "divide": divide}
    fields |= _matrix(rng, layout, "a", m, n + divide, REORDER_FORMATS)
    fields |= _matrix(rng, layout, "d", m, n, RESULT_FORMATS if functions else QUANTIZED_FORMATS)
    del fields["a_mx9_blocks"]
    if permute:
        fields["b_address"], _ = layout.place(1, INDEX_BYTES * n, INDEX_BYTES)
        order = rng.permutation(n).astype(f"<u{INDEX_BYTES}").view(np.uint8)
        contents.append((fields["b_address"], order))
    return Descriptor(operation=Operation.REORDER, **fields)


def _matrix(
    rng: np.random.Generator,
    layout: _Layout,
    name: str,
    rows: int,
    columns: int,
    formats: tuple[MemoryFormat, ...],
) -> dict[str, Any]:
    """The fields of a matrix of one of these formats, with MX9 blocks ahead now and then."""
    fmt = MemoryFormat(int(rng.choice(formats)))
    leading = 0
    if fmt in MIXABLE_FORMATS and rng.random() < 0.6:
        leading = int(rng.integers(0, -(-columns // BLOCK_SIZE) + 1))
    address, pitch = layout.place(rows, row_bytes(fmt, columns, leading), fmt.alignment)
    return {
        f"{name}_format": fmt,
        f"{name}_mx9_blocks": leading,
        f"{name}_address": address,
        f"{name}_pitch": pitch,
    }
