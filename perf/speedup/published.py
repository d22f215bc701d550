"""Counters of cells as they were published, so that tables need not run them anew."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gen.files import write_text
from perf.speedup.builds import BUILDS
from perf.speedup.comparison import Cell
from perf.speedup.step_time import StepTime
from perf.speedup.vector_unit import FloatsTime, VectorWork
from perf.speedup.work import Work

__all__ = ["COUNTERS_FILE", "read", "renewed", "write"]

COUNTERS_FILE = Path(__file__).with_name("counters.json")


def write(cells: Iterable[Cell], path: Path = COUNTERS_FILE) -> None:
    """Keep what the cycle model counted."""
    write_text(path, json.dumps(list(map(_figures, cells)), indent=1) + "\n")


def read(path: Path = COUNTERS_FILE) -> list[Cell]:
    """What `write` kept."""
    return [
        Cell(
            network=each["network"],
            mix=each["mix"],
            build=each["build"],
            macs=each["macs"],
            time=StepTime(
                counters=each["counters"],
                products=each["products"],
                work=Work(**each["work"]),
                build=BUILDS[each["build"]],
            ),
            floats=FloatsTime(
                counters=each["floats"]["counters"],
                work=VectorWork(**each["floats"]["work"]),
                build=BUILDS[each["build"]],
            ),
        )
        for each in json.loads(path.read_text())
    ]


def renewed(old: Iterable[Cell], new: Iterable[Cell]) -> list[Cell]:
    """The cells of both in the order of networks, builds and mixes; the new one where both have one."""
    cells = {cell.key: cell for cell in (*old, *new)}
    return [cells[key] for key in sorted(cells)]


def _figures(cell: Cell) -> dict[str, Any]:
    return {
        "network": cell.network,
        "build": cell.build,
        "mix": cell.mix,
        "macs": cell.macs,
        "work": asdict(cell.time.work),
        "counters": dict(cell.time.counters),
        "products": dict(cell.time.products),
        "floats": {"counters": dict(cell.floats.counters), "work": asdict(cell.floats.work)},
    }
