"""``mixdit targets``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gen.synth.families import FAMILIES
from hw.target.targets import TARGETS

__all__ = ["MEASURED", "targets"]

MEASURED = Path(__file__).parent / "synth" / "measured.json"
"""What the published report (``make ppa``) measured of each target: a list of designs by its name."""


def targets(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """List what designs can be built for, with the cells and what is measured."""
    found = _targets()
    if as_json:
        families = {name: family.title for name, family in FAMILIES.items()}
        print(json.dumps({"targets": found, "families": families}, indent=2))
    else:
        _print(found)


def _targets() -> dict[str, Any]:
    measured = json.loads(MEASURED.read_text())
    return {
        name: {
            "summary": target.summary,
            "family": target.family,
            "cells": list(target.cells),
            "measured": measured.get(name, []),
        }
        for name, target in TARGETS.items()
    }


def _print(found: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("target", no_wrap=True)
    for column in ("family", "cells", "processing element", "also measured"):
        table.add_column(column)
    for name, target in found.items():
        family = FAMILIES[target["family"]].title if target["family"] else "any"
        # Every target has been measured by the same element, if at all.
        elements = [run for run in target["measured"] if run["title"].startswith("processing element")]
        others = len(target["measured"]) - len(elements)
        table.add_row(
            name,
            family,
            ", ".join(target["cells"]) or "none",
            "\n".join(map(_figures, elements)) or "not measured",
            f"{others} designs" if others else "",
        )
    console = Console()
    console.print(table)
    names = ", ".join(f"{name} ({family.title})" for name, family in FAMILIES.items())
    console.print(f"`mixdit synth --family` takes {names}.", highlight=False, soft_wrap=True)


def _figures(run: dict[str, Any]) -> str:
    family = FAMILIES[run["family"]]
    parts = [f"{run['lut']:,} {family.lut_name}"]
    parts += [f"{run['dsp']} DSP"] if run["dsp"] else []
    parts += [f"{run['fmax_mhz']:.0f} MHz"] if run["fmax_mhz"] else []
    stages = "" if run["parameters"]["product_stages"] == 2 else ", one product stage"
    return f"{', '.join(parts)} on {family.name}{stages}"
