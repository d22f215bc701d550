"""``mixdit speedup``."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gen.files import check_writable, write_text
from mixdit.calibration.options import named_values
from mixdit.require import require

if TYPE_CHECKING:
    from perf.speedup.builds import Build
    from perf.speedup.comparison import Cell, Comparison
    from perf.speedup.table import Table

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
    ablations: Annotated[
        bool, typer.Option(help="Instead: of each network what one change at a time does to 4,096 elements.")
    ] = False,
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
    if ablations:
        if mix or build or change or html:
            raise typer.BadParameter("--ablations takes neither --mix, --build, --set nor --html")
        _print_ablations(network, fresh, as_json, publish)
        return
    try:
        found = _compared(network, mix, build, change or [], fresh, _keep if publish else lambda cell: None)
    except ValueError as error:  # no engine that can run it, or not in the cycles that are counted
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if publish:
        _publish(found)
    if html is not None:
        from perf.speedup.ablations import read_ablations
        from perf.speedup.page import page

        write_text(html, page(found, read_ablations()))
    if as_json:
        print(json.dumps(_figures(found), indent=2))
    else:
        from perf.speedup.tables import tables

        _show(tables(found))


def _print_ablations(network: list[str] | None, fresh: bool, as_json: bool, publish: bool) -> None:
    """Those published, of every network that has some, or of the networks named, which are run if need be."""
    from dataclasses import asdict

    from perf.speedup.ablation_tables import ablation_table, ladder_table
    from perf.speedup.ablations import ABLATIONS, ablate, read_ablations, write_ablations
    from perf.speedup.blocks import NETWORKS
    from perf.speedup.document import publish_ablations

    known = {(each.network, each.ablation): each for each in read_ablations()}
    networks = _names("--network", network or list(dict.fromkeys(name for name, _ in known)), NETWORKS)
    for name in networks:
        for each in ABLATIONS:
            if fresh or (name, each) not in known:
                known[name, each] = ablate(name, each)
                print(f"{name}, {each}", file=sys.stderr)
    of_network = {name: [known[name, each] for each in ABLATIONS] for name in networks}
    if publish:
        write_ablations(known.values())
        publish_ablations(read_ablations())
    if as_json:
        figures = [asdict(each) | {"step_seconds": each.seconds} for of in of_network.values() for each in of]
        print(json.dumps(figures, indent=2))
        return
    for of in of_network.values():
        _show([ablation_table(of), ladder_table(of)])


def _compared(
    network: list[str] | None,
    mix: list[str] | None,
    build: list[str] | None,
    changes: list[str],
    fresh: bool,
    keep: "Callable[[Cell], None]",
) -> "Comparison":
    """What the options ask for: the cells of all builds that were published, or of the builds named.

    ``keep`` is called with each cell that had to be run.
    """
    from perf.speedup.blocks import NETWORKS
    from perf.speedup.builds import BUILDS
    from perf.speedup.comparison import Comparison, compare, run_cell
    from perf.speedup.mixes import MIXES
    from perf.speedup.published import read

    def show(done: str) -> None:
        print(done, file=sys.stderr)

    networks, mixes = _names("--network", network, NETWORKS), _names("--mix", mix, MIXES)
    if build:
        builds = _changed(_names("--build", build, BUILDS), changes)
        return compare(networks, builds, mixes, show, () if fresh else read(), keep)
    cells = [cell for cell in read() if cell.network in networks and cell.mix in mixes]
    if fresh:
        for number, old in enumerate(cells):
            cells[number] = run_cell(old.network, old.build, BUILDS[old.build], old.mix, show)
            keep(cells[number])
    return Comparison.of(cells)


def _changed(names: list[str], changes: list[str]) -> "dict[str, Build]":
    from perf.speedup.builds import BUILDS

    try:
        values = named_values(changes)
        return {name: BUILDS[name].changed(values) for name in names}
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _names(option: str, given: list[str] | None, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(given or known))
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{option} must be one of {', '.join(known)}, not {name!r}")
    return names


def _keep(cell: "Cell") -> None:
    """Put a cell beside those that are published, so that a run that is ended goes on behind it."""
    from perf.speedup.published import read, renewed, write

    write(renewed(read(), [cell]))


def _publish(found: "Comparison") -> None:
    from perf.speedup.comparison import Comparison
    from perf.speedup.document import publish_comparison
    from perf.speedup.published import read, renewed, write

    cells = renewed(read(), found.cells)
    write(cells)
    publish_comparison(Comparison.of(cells))


def _show(tables: "Iterable[Table]") -> None:
    console = Console(width=None if sys.stdout.isatty() else 260)
    for table in tables:
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
        "floats_step_seconds": cell.floats.seconds,
        "floats_bytes_per_step": cell.floats.bytes_moved,
    }
