"""``mixdit speedup``."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gen.files import check_writable, write_text
from mixdit.require import require

if TYPE_CHECKING:
    from perf.speedup.builds import Build
    from perf.speedup.comparison import Cell, Comparison

__all__ = ["command"]


def command(
    network: Annotated[
        list[str] | None, typer.Option(help="Network; several allowed.", show_default="all")
    ] = None,
    build: Annotated[
        list[str] | None, typer.Option(help="Build; several allowed.", show_default="those published")
    ] = None,
    mix: Annotated[
        list[str] | None, typer.Option(help="Mix of formats; several allowed.", show_default="all")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Engines of a build, or a parameter of each."),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Run every cell on the cycle model, published or not.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts, one file.")] = None,
    publish: Annotated[
        bool, typer.Option(help="Also renew docs/performance.md; cells that are not asked for keep theirs.")
    ] = False,
) -> None:
    """How long published networks take on engines, beside an RTX 3090."""
    require("torch", "diffusers")
    if publish and change:
        raise typer.BadParameter("--publish is for the builds as they are: leave --set out")
    if change and not build:
        raise typer.BadParameter("--set needs the --build that it changes")
    if html is not None:
        check_writable(html)
    found = _compared(network, mix, build, change or [], fresh)
    if publish:
        _publish(found)
    if html is not None:
        from perf.speedup.page import page

        write_text(html, page(found))
    if as_json:
        print(json.dumps(_figures(found), indent=2))
    else:
        _print(found)


def _compared(
    network: list[str] | None,
    mix: list[str] | None,
    build: list[str] | None,
    changes: list[str],
    fresh: bool,
) -> "Comparison":
    """What the options ask for: the cells of all builds that were published, or of the builds named."""
    from perf.speedup.blocks import NETWORKS
    from perf.speedup.builds import BUILDS
    from perf.speedup.comparison import Comparison, compare, run_cell
    from perf.speedup.mixes import MIXES
    from perf.speedup.published import read

    def show(done: str) -> None:
        print(done, file=sys.stderr)

    networks, mixes = _names("--network", network, NETWORKS), _names("--mix", mix, MIXES)
    if build:
        builds = _changed(_names("--build", build, BUILDS), dict(map(_value, changes)))
        return compare(networks, builds, mixes, show, () if fresh else read())
    cells = [cell for cell in read() if cell.network in networks and cell.mix in mixes]
    if fresh:
        cells = [run_cell(c.network, c.build, BUILDS[c.build], c.mix, show) for c in cells]
    return Comparison.of(cells)


def _changed(names: list[str], values: dict[str, int]) -> "dict[str, Build]":
    from perf.speedup.builds import BUILDS

    try:
        return {name: BUILDS[name].changed(values) for name in names}
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(f"--set: {error}") from error


def _names(option: str, given: list[str] | None, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(given or known))
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{option} must be one of {', '.join(known)}, not {name!r}")
    return names


def _value(change: str) -> tuple[str, int]:
    name, _, value = change.partition("=")
    try:
        return name, int(value)
    except ValueError as error:
        raise typer.BadParameter(
            f"--set must be NAME=VALUE, such as stationary_tiles=32, not {change!r}"
        ) from error


def _publish(found: "Comparison") -> None:
    from perf.speedup.comparison import Comparison
    from perf.speedup.document import publish_comparison
    from perf.speedup.published import read, renewed, write

    cells = renewed(read(), found.cells)
    write(cells)
    publish_comparison(Comparison.of(cells))


def _print(found: "Comparison") -> None:
    from perf.speedup.tables import tables

    console = Console(width=None if sys.stdout.isatty() else 230)
    for table in tables(found):
        console.print(table.rich())
        console.print()


def _figures(found: "Comparison") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "cells": list(map(_cell, found.cells)),
        "baselines": {name: [asdict(row) for row in rows] for name, rows in found.baselines.items()},
    }


def _cell(cell: "Cell") -> dict[str, Any]:
    from perf.speedup.waterfall import waterfall

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
        "waterfall_cycles": waterfall(cell),
    }
