"""``python -m perf.speedup``: engines beside an RTX 3090; minutes, as every cell is run cycle by cycle."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from perf.speedup.blocks import NETWORKS
from perf.speedup.builds import BUILDS
from perf.speedup.comparison import Cell, compare
from perf.speedup.mixes import MIXES
from perf.speedup.published import COUNTERS_FILE, read, write
from perf.speedup.tables import markdown
from perf.workloads.page import publish


def main() -> None:
    """Compare what is asked for, and print it."""
    parser = argparse.ArgumentParser(prog="python -m perf.speedup", description=__doc__)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--build", nargs="+", choices=list(BUILDS), default=list(BUILDS))
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="engines, or a parameter",
    )
    parser.add_argument("--mix", nargs="+", choices=list(MIXES), default=list(MIXES))
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="also renew docs/performance.md; cells that are not asked for keep their counters",
    )
    options = parser.parse_args()
    if options.publish and options.set:
        parser.error("--publish is for the builds as they are: leave --set out")
    try:
        changes = {name: int(value) for name, value in (change.split("=") for change in options.set)}
        builds = {name: BUILDS[name].changed(changes) for name in options.build}
    except (TypeError, ValueError) as error:
        parser.error(f"--set must be NAME=VALUE, such as stationary_tiles=32: {error}")

    def show(done: str) -> None:
        print(done, file=sys.stderr)

    found = compare(options.network, builds, options.mix, show)
    if options.publish:
        whole = read().renewed(found) if COUNTERS_FILE.exists() else found
        write(whole)
        publish("engines", markdown(whole))
    if options.json:
        baselines = {name: [asdict(row) for row in rows] for name, rows in found.baselines.items()}
        print(json.dumps({"cells": list(map(_figures, found.cells)), "baselines": baselines}, indent=2))
    else:
        print(markdown(found))


def _figures(cell: Cell) -> dict[str, Any]:
    return {
        "network": cell.network,
        "build": cell.build,
        "mix": cell.mix,
        "counters": dict(cell.time.counters),
        "step_seconds": cell.time.seconds,
        "image_seconds": cell.image_seconds,
        "limit_seconds": cell.limit,
        "busy": cell.time.busy,
        "bytes_per_step": cell.time.bytes_moved,
    }


if __name__ == "__main__":
    main()
