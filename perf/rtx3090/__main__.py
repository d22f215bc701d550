"""``python -m perf.rtx3090``: how long an RTX 3090 takes for published networks."""

import argparse
import json
from dataclasses import asdict

from perf.rtx3090.baselines import STATUSES, rows
from perf.rtx3090.calibration import checks, efficiencies
from perf.rtx3090.sources import sources
from perf.rtx3090.tables import document
from perf.workloads.models import MODELS
from perf.workloads.page import publish

__all__: list[str] = []


def main() -> None:
    """Print the baselines, or write them into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m perf.rtx3090", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, times in seconds")
    parser.add_argument(
        "--model", action="append", choices=MODELS, help="of this network alone; may be repeated"
    )
    parser.add_argument("--publish", action="store_true", help="also renew the tables of docs/performance.md")
    options = parser.parse_args()
    if options.publish and options.model:
        parser.error("--publish is for all networks: leave --model out")
    found = rows(options.model or MODELS)
    text = document(found)
    figures = {
        "statuses": STATUSES,
        "efficiencies": efficiencies(),
        "rows": [asdict(row) for row in found],
        "checks": [{**asdict(check), "error": check.error} for check in checks()],
        "sources": asdict(sources()),
    }
    print(json.dumps(figures, indent=2) if options.json else text)
    if options.publish:
        publish("rtx3090", text)


if __name__ == "__main__":
    main()
