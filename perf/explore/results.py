"""The file of all that is known: one row per point, in Parquet."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gen.files import check_writable
from perf.explore.columns import CYCLES, IDENTITY, SCHEMA, SYNTHESIS, point_of, values_of
from perf.explore.point import Cycles, Point, Synthesis

__all__ = ["ExploreError", "Results"]

SECONDS = 2.0
"""Between two writes: what came meanwhile is lost if the process is killed."""

Key = Cycles | Synthesis


class ExploreError(OSError):
    """An exploration cannot be made or continued; the message says why in one line."""


class Results:
    """Results in one file, as a context manager; whoever opens it has it alone.

    The file is replaced as a whole: whatever ends the process, there is the old one or the new one. Rows are
    sorted, so that the same results are the same bytes, in whatever order they came.

    Parameters
    ----------
    path:
        The file; it may be missing.

    Raises
    ------
    ExploreError
        A file of another kind, or in use.
    OSError
        It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Results":
        check_writable(self.path)
        self._lock = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise ExploreError(f"{self.path} is in use by another exploration") from error
        self._points: set[Point] = set()
        self._found: dict[Key, dict[str, Any]] = {}
        self._changed, self._written = False, monotonic()
        try:
            self._read()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        try:
            self.write()
        finally:
            os.close(self._lock)

    def __len__(self) -> int:
        """How many results there are."""
        return len(self._found)

    def add(self, points: Iterable[Point]) -> None:
        """Give these rows, once something is known of them."""
        self._points.update(points)
        self._changed = True

    def found(self, key: Key) -> Mapping[str, Any] | None:
        """What is known: values by the names of `CYCLES` or `SYNTHESIS`; None if nothing is."""
        return self._found.get(key)

    def keep(self, key: Key, values: Mapping[str, Any]) -> None:
        """Note a result. It is written by `write_if_due`, or in the end."""
        names = CYCLES if isinstance(key, Cycles) else SYNTHESIS
        self._found[key] = {name: values.get(name) for name in names}
        self._changed = True

    def row(self, point: Point) -> dict[str, Any]:
        """Everything about a point, None for what is not known."""
        cycles, synthesis = self._found.get(point.cycles, {}), self._found.get(point.synthesis, {})
        return dict.fromkeys(SCHEMA.names) | values_of(point) | cycles | synthesis

    def write_if_due(self) -> None:
        """Write what is new, unless that was done a moment ago."""
        if monotonic() - self._written >= SECONDS:
            self.write()

    def write(self) -> None:
        """Replace the file by all that is known. Raises ``OSError``."""
        if not self._changed:
            return
        known = (p for p in self._points if p.cycles in self._found or p.synthesis in self._found)
        rows = sorted(map(self.row, known), key=lambda row: [row[name] for name in IDENTITY])
        new = self.path.with_name(self.path.name + ".new")
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), new, compression="zstd")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(new, self.path)
        os.fsync(self._lock)  # the folder
        self._changed, self._written = False, monotonic()

    def _read(self) -> None:
        self.path.with_name(self.path.name + ".new").unlink(missing_ok=True)
        if not self.path.exists():
            return
        try:
            table = pq.read_table(self.path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ExploreError(f"{self.path} is not a Parquet file") from error
        if not table.schema.equals(SCHEMA):
            raise ExploreError(
                f"{self.path} is not of an exploration by this version: choose another --output"
            )
        for row in table.to_pylist():
            point = point_of(row)
            self._points.add(point)
            if row["cycles"] is not None or row["refused"] is not None:
                self._found[point.cycles] = {name: row[name] for name in CYCLES}
            if row["lut"] is not None:
                self._found[point.synthesis] = {name: row[name] for name in SYNTHESIS}
