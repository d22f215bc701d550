"""Results of ``mixdit explore`` that are there already."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from golden.engine import COUNTERS
from perf.explore.columns import SCHEMA, point_of
from perf.explore.results import ExploreError, Results
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoil
from verif.hostile.targets.target import Target

__all__ = ["EXPLORATIONS"]


@cache
def _valid() -> list[bytes]:
    point = point_of({name: "x" if SCHEMA.field(name).type == "string" else 1 for name in SCHEMA.names})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "results.parquet"
        with Results(path) as results:
            results.add([point])
            results.keep(point.cycles, {name.lower(): 3 for name in COUNTERS})
        return [path.read_bytes()]


def _read(data: bytes, room: Room) -> None:
    with Results(room.file(data)) as results:
        len(results)


EXPLORATIONS = Target(
    name="exploration",
    share=2,
    read=_read,
    draw=spoil,
    valid=_valid,
    refusals=(ExploreError,),
    names_file=True,
)
"""A file of Parquet that an exploration goes on from."""
