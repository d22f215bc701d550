"""``python -m verif.tools``: the table of designs and tools."""

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from amaranth.hdl import UnusedElaboratable
from rich.console import Console
from rich.table import Table

from gen.designs import DESIGNS
from gen.files import write_files
from gen.package_store import STORE, stored_package
from verif.call import ToolError
from verif.tools.checks import TOOLS, Run
from verif.tools.designs import SIZES, Exported
from verif.tools.programs import with_programs

VARIANTS = {
    "2005": ("2005", (0,)),
    "2012": ("2012", (0,)),
    "two at once": ("2012", (0, 1)),
    "renamed": ("2005", (1,)),
}
"""Columns of the table: version of the language, and which of a design's two exports."""

COLOURS = {"PASS": "green", "FAIL": "red", "left out": "yellow"}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A cell of the table; ``detail`` is what the tool said, unless it passed."""

    tool: str
    top: str
    variant: str
    result: str
    seconds: float
    detail: str = ""


def main(
    top: Annotated[list[str] | None, typer.Option(help="Designs to check; all without it.")] = None,
    tool: Annotated[list[str] | None, typer.Option(help="Tools to check with; all without it.")] = None,
    every: Annotated[bool, typer.Option("--every", help="Run alone what two at once covers, too.")] = False,
    jobs: Annotated[int, typer.Option(help="Runs at a time.")] = cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Run every tool on small exports of every design; exits with 1 if one fails."""
    warnings.simplefilter("ignore", UnusedElaboratable)  # a design that is in the store is only built
    for option, asked, known in (("top", top, DESIGNS), ("tool", tool, TOOLS)):
        if unknown := [name for name in asked or () if name not in known]:
            raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(known)}", param_hint=option)
    started = monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        futures = list(_submit(pool, Path(folder), top or list(DESIGNS), tool or list(TOOLS), every))
        outcomes = [future.result() for future in futures]
    if as_json:
        print(json.dumps([vars(outcome) for outcome in outcomes], indent=2))
    else:
        _print_table(outcomes, monotonic() - started)
    sys.exit(any(outcome.result == "FAIL" for outcome in outcomes))


def _possible(tool: str, variant: str) -> bool:
    return variant != "2012" or TOOLS[tool].languages


def _submit(
    pool: ThreadPoolExecutor, folder: Path, tops: list[str], tools: list[str], every: bool
) -> Iterator[Future]:
    """Start every run, each design's when it is exported."""
    programs = folder / "programs"
    programs.mkdir()
    environment = with_programs(programs)
    for top in tops:
        designs = list(_export(top, folder))
        for tool in tools:
            for variant, (generation, chosen) in VARIANTS.items():
                if not (_possible(tool, variant) if every else variant in TOOLS[tool].columns):
                    continue
                place = folder / f"{top} {tool} {variant}".replace(" ", "-")
                place.mkdir()
                run = Run(
                    designs=[designs[n] for n in chosen],
                    generation=generation,
                    folder=place,
                    environment=environment,
                )
                yield pool.submit(_outcome, tool, top, variant, run)


def _export(top: str, folder: Path) -> Iterator[Exported]:
    for name, parameters in zip((top, f"other_{top}"), SIZES[top], strict=True):
        design = DESIGNS[top]
        package = stored_package(design, design.top(parameters), STORE, name)
        write_files(folder / name, package.files)
        yield Exported(folder / name, name)


def _outcome(tool: str, top: str, variant: str, run: Run) -> Outcome:
    started = monotonic()
    try:
        skipped = TOOLS[tool].check(run)
    except ToolError as error:
        result, detail = "FAIL", str(error)
    else:
        result, detail = ("left out", skipped) if skipped else ("PASS", "")
    seconds = round(monotonic() - started, 1)
    print(f"{top}, {tool}, {variant}: {result}, {seconds} s", file=sys.stderr)
    return Outcome(tool=tool, top=top, variant=variant, result=result, seconds=seconds, detail=detail)


def _print_table(outcomes: list[Outcome], seconds: float) -> None:
    cells = {(o.tool, o.top, o.variant): o for o in outcomes}
    table = Table("design", "tool", *VARIANTS, box=None, pad_edge=False)
    for tool, top in dict.fromkeys((o.tool, o.top) for o in outcomes):
        row = (cells.get((tool, top, variant)) for variant in VARIANTS)
        table.add_row(top, tool, *(_cell(outcome) if outcome else "-" for outcome in row))
    console = Console()
    console.print(table)
    for detail in dict.fromkeys(outcome.detail for outcome in outcomes if outcome.detail):
        console.print(detail, markup=False, highlight=False, soft_wrap=True)
    counts = ", ".join(f"{sum(o.result == result for o in outcomes)} {result}" for result in COLOURS)
    console.print(f"{counts}; {seconds:.0f} s")
    console.print("two at once: the design and another size of it, renamed, as of 2012; -: not run alone")


def _cell(outcome: Outcome) -> str:
    colour = COLOURS[outcome.result]
    return f"[{colour}]{outcome.result}[/{colour}] {outcome.seconds:.1f} s"


if __name__ == "__main__":
    typer.run(main)
