"""The columns of the file of results."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from golden.engine import COUNTERS
from perf.explore.design import NAMES
from perf.explore.point import Point

__all__ = ["CYCLES", "IDENTITY", "SCHEMA", "SYNTHESIS", "point_of", "values_of"]

IDENTITY = ("workload", "mix", *NAMES, "family", "seeds", "source")
"""What a row is about, and how rows are sorted."""

CYCLES = (*(name.lower() for name in COUNTERS), "refused")
"""What the cycle model says: the performance counters, or why the engine cannot run the workload."""

SYNTHESIS = ("lut", "ff", "block_memories", "dsp", "levels", "placed_lut", "fmax_mhz")
"""What synthesis says; the last two if it is placed."""

_TEXTS = ("workload", "mix", "target", "family", "source", "refused")


def _type(name: str) -> pa.DataType:
    if name in _TEXTS:
        return pa.string()
    return pa.float64() if name == "fmax_mhz" else pa.int64()


SCHEMA = pa.schema(
    [pa.field(name, _type(name), nullable=False) for name in IDENTITY]
    + [pa.field(name, _type(name)) for name in (*CYCLES, *SYNTHESIS)]
)
"""Of the whole file."""


def values_of(point: Point) -> dict[str, Any]:
    """A point in the columns `IDENTITY`."""
    values = {**vars(point), **dict(point.design)}
    return {name: values[name] for name in IDENTITY}


def point_of(row: Mapping[str, Any]) -> Point:
    """The point that a row is about."""
    return Point(
        workload=row["workload"],
        mix=row["mix"],
        design=tuple(sorted((name, row[name]) for name in NAMES)),
        family=row["family"],
        seeds=row["seeds"],
        source=row["source"],
    )
