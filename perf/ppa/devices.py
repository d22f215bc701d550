"""``python -m perf.ppa.devices``: the project's designs in standard cells, as docs/ppa/devices.md."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from gen.designs import ParameterError
from gen.files import write_text
from gen.synth.command import STORE, default_jobs
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.flow import Request, run_flow
from gen.synth.result import Result
from gen.synth.standard_cells import MACRO_WORDS
from gen.synth.subjects import SUBJECTS
from perf.ppa.standard import BASELINES

__all__ = ["DOCUMENT", "RUNS", "document"]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "ppa" / "devices.md"

_CELLS = FAMILIES["osu018"]

RUNS: Mapping[str, Request] = {
    "processing element": Request(subject=SUBJECTS["pe"], family=_CELLS),
    "baseline: straightforward element": Request(subject=BASELINES["straightforward"], family=_CELLS),
    "quantizer": Request(subject=SUBJECTS["quantizer"], family=_CELLS),
    "converter": Request(subject=SUBJECTS["converter"], family=_CELLS),
    "array 2x2 with loaders": Request(
        subject=SUBJECTS["array"], family=_CELLS, parameters={"rows": 2, "cols": 2, "drain_rows": 2}
    ),
}
"""What the document shows, by its title there."""

_TEXT = """\
# Size and speed in standard cells

Written by `.venv/bin/python -m perf.ppa.devices --publish`; no figure here is typed by hand. One design:
`.venv/bin/mixdit synth --design pe --family osu018`.

Tools: {tools}. Cells of Oklahoma State University for a process of 0.18 um, at 1.8 V and 25 degrees
Celsius. Fmax is before layout: an ideal clock, no wires, no paths from or to ports. NAND2 is the area in
that of NAND2X1, 24 um2.

There are no memory macros. A memory of fewer than {words} words is made of flip-flops, which are in the
area; a larger one is left out: neither its area nor a path from or to it is in the figures.

{table}
"""

_HEAD: tuple[str, ...] = ("design", "um2", "NAND2", "FF", "um2 per MAC", "NAND2 per MAC or element", "Fmax")
_HEAD += ("M MAC/s per mm2, MX6 x MX6", "memory bits in FF", "memory bits left out")


def document(results: Mapping[str, Result]) -> str:
    """The document on ``results`` by title, as Markdown."""
    tools = sorted({tool for result in results.values() for tool in result.tools})
    rows = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1)), *(_row(title, r) for title, r in results.items())]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return _TEXT.format(tools=", ".join(tools), words=MACRO_WORDS, table=table)


def _row(title: str, result: Result) -> tuple[str, ...]:
    area, timing, memories = result.area, result.plain, result.memories
    assert area
    assert area.um2
    assert memories
    fmax = timing.fmax_mhz if timing else None
    return (
        title,
        f"{area.um2:,.0f}",
        f"{area.lut:,}",
        f"{area.ff:,}",
        f"{result.um2_per_mac:,.0f}" if result.um2_per_mac else "-",
        f"{result.lut_per_mac or result.lut_per_element:,.0f}",
        f"{fmax:.0f} MHz" if fmax else "-",
        f"{fmax / result.um2_per_mac * 1e6:,.0f}" if fmax and result.um2_per_mac else "-",
        f"{memories.in_flip_flops:,}",
        f"{memories.left_out:,}",
    )


def main() -> None:
    """Run them all and print the document; exits with 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="python -m perf.ppa.devices", description=__doc__)
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="tools to run at a time")
    parser.add_argument("--store", type=Path, default=STORE, help=f"where steps are kept (default: {STORE})")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON instead")
    parser.add_argument("--publish", action="store_true", help="also write docs/ppa/devices.md")
    options = parser.parse_args()
    try:
        found = run_flow(list(RUNS.values()), store=options.store, jobs=options.jobs)
    except (SynthesisError, ParameterError) as error:
        sys.exit(f"perf.ppa.devices: {error}")
    if failures := [line for result in found for line in result.failures]:
        sys.exit("\n".join(f"perf.ppa.devices: {line}" for line in failures))
    results = dict(zip(RUNS, found, strict=True))
    figures = {title: result.to_json() for title, result in results.items()}
    print(json.dumps(figures, indent=2) if options.json else document(results))
    if options.publish:
        write_text(DOCUMENT, document(results))


if __name__ == "__main__":
    main()
