"""Counters of all cells as they were published: running them anew takes a quarter of an hour."""

import json
from pathlib import Path
from typing import Any

from gen.files import write_text
from perf.rtx3090.baselines import BASELINES, row
from perf.speedup.builds import BUILDS
from perf.speedup.comparison import Cell, Comparison
from perf.speedup.step_time import StepTime

__all__ = ["COUNTERS_FILE", "read", "write"]

COUNTERS_FILE = Path(__file__).resolve().parents[2] / "docs" / "performance.json"


def write(comparison: Comparison, path: Path = COUNTERS_FILE) -> None:
    """Keep what the cycle model counted."""
    write_text(path, json.dumps(list(map(_figures, comparison.cells)), indent=1) + "\n")


def read(path: Path = COUNTERS_FILE) -> Comparison:
    """What `write` kept, with the baselines of its networks."""
    cells = [
        Cell(
            network=each["network"],
            mix=each["mix"],
            build=each["build"],
            macs=each["macs"],
            time=StepTime(counters=each["counters"], build=BUILDS[each["build"]]),
        )
        for each in json.loads(path.read_text())
    ]
    networks = dict.fromkeys(cell.network for cell in cells)
    return Comparison(
        cells=cells, baselines={name: [row(name, baseline) for baseline in BASELINES] for name in networks}
    )


def _figures(cell: Cell) -> dict[str, Any]:
    return {
        "network": cell.network,
        "build": cell.build,
        "mix": cell.mix,
        "macs": cell.macs,
        "counters": dict(cell.time.counters),
    }
