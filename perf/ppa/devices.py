"""``python -m perf.ppa.devices``: the project's designs on other devices, as docs/ppa/devices.md."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.designs import ParameterError
from gen.files import write_text
from gen.synth.command import STORE, default_jobs
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.flow import run_flow
from gen.synth.request import Request
from gen.synth.subjects import SUBJECTS
from perf.ppa.devices_page import document, renewed
from perf.ppa.standard import BASELINES, PEERS

__all__ = ["DOCUMENT", "RUNS"]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "ppa" / "devices.md"

_ARRAY = {"rows": 2, "cols": 2, "drain_rows": 2}


def _run(design: str, family: str, *, seeds: int = 1, **parameters: Any) -> Request:
    subject = {**SUBJECTS, **BASELINES, **PEERS}[design]
    return Request(subject=subject, family=FAMILIES[family], seeds=seeds, parameters=parameters)


_CELLS: Mapping[str, Request] = {
    "processing element": _run("pe", "osu018"),
    "baseline: straightforward element": _run("straightforward", "osu018"),
    "quantizer": _run("quantizer", "osu018"),
    "converter": _run("converter", "osu018"),
    "array 2x2 with loaders": _run("array", "osu018", **_ARRAY),
    "array 4x4 with loaders": _run("array", "osu018", rows=4, cols=4, drain_rows=4),
    "peer: MXINT8 element": _run("mxint8", "osu018"),
    "peer: bfloat16 element, binary32 sums": _run("bfloat16", "osu018"),
}


def _placed(family: str) -> Mapping[str, Request]:
    return {
        "processing element": _run("pe", family, seeds=3, target="generic"),
        "quantizer": _run("quantizer", family, target="generic"),
        "array 2x2 with loaders": _run("array", family, target="generic", **_ARRAY),
    }


RUNS: Mapping[str, Mapping[str, Request]] = {
    "nexus": _placed("nexus"),
    "gowin5": _placed("gowin5"),
    "osu018": _CELLS,
}
"""What the document shows, by family and by its title there."""


def main() -> None:
    """Run them all and print the document; exits with 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="python -m perf.ppa.devices", description=__doc__)
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="tools to run at a time")
    parser.add_argument("--store", type=Path, default=STORE, help=f"where steps are kept (default: {STORE})")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON instead")
    parser.add_argument("--only", choices=RUNS, nargs="+", default=list(RUNS), help="families (default: all)")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="also write docs/ppa/devices.md; families that are not asked for keep their sections",
    )
    options = parser.parse_args()
    chosen = {family: RUNS[family] for family in RUNS if family in options.only}
    names = [(family, title) for family, runs in chosen.items() for title in runs]
    requests = [RUNS[family][title] for family, title in names]
    try:
        found = run_flow(requests, store=options.store, jobs=options.jobs)
    except (SynthesisError, ParameterError) as error:
        sys.exit(f"perf.ppa.devices: {error}")
    if failures := [line for result in found for line in result.failures]:
        sys.exit("\n".join(f"perf.ppa.devices: {line}" for line in failures))
    by_name = dict(zip(names, found, strict=True))
    results = {family: {title: by_name[family, title] for title in runs} for family, runs in chosen.items()}
    figures = {
        family: {title: result.to_json() for title, result in of.items()} for family, of in results.items()
    }
    print(json.dumps(figures, indent=2) if options.json else document(results))
    if options.publish:
        page = document(results) if chosen == RUNS else renewed(DOCUMENT.read_text(), results)
        write_text(DOCUMENT, page)


if __name__ == "__main__":
    main()
