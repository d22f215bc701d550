"""``mixdit quality``."""

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from gen.files import check_writable
from mixdit.require import require
from mixdit.tasks.options import Scheduler, executor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixdit.quality.checks import Check
    from mixdit.quality.claim import Claim
    from mixdit.quality.result import Result

__all__ = ["command"]


def command(
    model: Annotated[
        list[str] | None,
        typer.Option(help="Model or checkpoint file; several allowed.", show_default="all"),
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="Variant; several allowed.", show_default="all")
    ] = None,
    n: Annotated[
        list[int] | None,
        typer.Option(
            "--n",
            "-n",
            min=2,
            help="Images of each variant; one for each model allowed.",
            show_default="300; with --check-frechet 1000, or 2000 of clothes",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, max=1000, help="Denoising steps.")] = 20,
    guidance: Annotated[
        float, typer.Option(min=1, help="Scale of classifier-free guidance; 1 for none.")
    ] = 1.0,
    scheduler: Scheduler = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for tables and pictures.")] = Path(
        "build/quality"
    ),
    plots: Annotated[
        bool, typer.Option(help="Draw activations, errors by layer and the Pareto front too (minutes).")
    ] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Fail unless the project's claims about SQNR and PSNR hold.")
    ] = False,
    check_frechet: Annotated[
        bool,
        typer.Option("--check-frechet", help="Likewise, those about Frechet distances too (1000 images)."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    """Compare images of the digits transformers in every precision."""
    require("torch", "diffusers", "sklearn", "safetensors", "scipy", "matplotlib")
    from mixdit.digits.recipes import RECIPES
    from mixdit.quality.checks import variants_of
    from mixdit.quality.claims import FRECHET_CLAIMS, FRECHET_IMAGES, NOISE_CLAIMS
    from mixdit.rivals.variants import VARIANTS

    unknown = [name for name in variant or () if name not in VARIANTS]
    if unknown:
        raise typer.BadParameter(f"variant must be one of {', '.join(VARIANTS)}, not {unknown[0]!r}")
    claims = (NOISE_CLAIMS if check or check_frechet else ()) + (FRECHET_CLAIMS if check_frechet else ())
    if claims and variant:
        raise typer.BadParameter("a check takes the variants of its claims: leave --variant out")
    if claims and guidance != 1:
        raise typer.BadParameter(f"a check is of images without guidance: leave --guidance {guidance:g} out")
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    names = list(dict.fromkeys(model or RECIPES))
    counts = n or [FRECHET_IMAGES.get(each, 1000) if check_frechet else 300 for each in names]
    if len(counts) not in (1, len(names)):
        raise typer.BadParameter(f"--n must be given once, or for each of {len(names)} models, not {counts}")
    models = dict(zip(names, counts * (len(names) // len(counts)), strict=True))
    check_writable(output / "quality.json")  # before minutes pass
    try:
        standard = {each for each in VARIANTS if VARIANTS[each].standard}
        chosen = {}
        for each in models:
            wanted = variants_of(each, claims) if claims else standard
            chosen[each] = variant or [name for name in VARIANTS if name in wanted]
        results = _run(models, chosen, steps, guidance, jobs, scheduler, output, plots)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    checks = _report(results, output, claims, as_json, as_csv)
    if not all(each.holds for each in checks):
        failed = [each for each in checks if not each.holds]
        print(
            f"mixdit: {len(failed)} of {len(checks)} claims do not hold, or hold for a worse variant too",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def _run(
    models: "dict[str, int]",
    names: "dict[str, list[str]]",
    steps: int,
    guidance: float,
    jobs: int,
    scheduler: str | None,
    output: Path,
    plots: bool,
) -> "list[Result]":
    import torch

    from mixdit.digits.checkpoint import load_model
    from mixdit.quality.evaluate import evaluate
    from mixdit.quality.plots import draw_plots, draw_results

    for model in models:
        load_model(model)  # all names are right before minutes pass
    torch.set_num_threads(jobs)
    results = []
    with _progress() as progress, executor_of(jobs, scheduler) as executor:
        tasks = {model: progress.add_task(f"{model}: float32", total=len(names[model])) for model in models}

        def show(model: str, what: str, advance: int = 0) -> None:
            progress.update(tasks[model], advance=advance, description=f"{model}: {what}")

        for experiment, each in evaluate(models, steps, names, executor, partial(show, advance=1), guidance):
            draw_results(output, each)
            results += each
            if plots:
                draw_plots(output, experiment, partial(show, experiment.name))
    return results


@contextmanager
def _progress() -> "Iterator[Progress]":
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def _report(
    results: "list[Result]", output: Path, claims: "Sequence[Claim]", as_json: bool, as_csv: bool
) -> "list[Check]":
    from gen.files import write_text
    from mixdit.quality.checks import check_results
    from mixdit.quality.choice import choices
    from mixdit.quality.claims import CANDIDATES
    from mixdit.quality.report import print_choices, print_rows, write_csv, write_markdown

    rows = [result.row for result in results]
    text = json.dumps([row.to_json() for row in rows], indent=2)
    write_text(output / "quality.json", text + "\n")
    write_csv(rows, output / "quality.csv")
    write_markdown(rows, output / "quality.md")
    checks = check_results(results, claims) if claims else []
    if claims:
        write_text(output / "claims.json", json.dumps(list(map(asdict, checks)), indent=2) + "\n")
    if as_json:
        print(text)
    elif as_csv:
        print((output / "quality.csv").read_text(encoding="utf-8"), end="")
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        print_rows(rows, console)
        if chosen := choices(rows, CANDIDATES):
            print_choices(chosen, console)
        console.print(f"tables and pictures in {output}/", highlight=False)
        if checks:
            _print_checks(checks, console)
    return checks


def _print_checks(checks: "list[Check]", console: Console) -> None:
    table = Table(title="claims", box=None, pad_edge=False)
    for name in ("model", "claim", "measured", "", "worse variant", "of that", ""):
        table.add_column(name)
    for each in checks:
        borne_out = "holds" if each.borne_out else "[red]fails[/red]"
        control = "fails" if each.control_fails else "[red]holds too[/red]"
        table.add_row(
            each.model, each.claim, escape(each.measured), borne_out, each.control,
            escape(each.control_measured), control,
        )  # fmt: skip
    console.print(table)
