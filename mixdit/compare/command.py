"""``mixdit compare``."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from mixdit.calibration.options import (
    Guidance,
    Labels,
    Model,
    Pipeline,
    Prompts,
    Size,
    Steps,
    device_of,
    items_of,
)
from mixdit.require import require
from mixdit.tasks.executor import Here
from mixdit.tasks.options import Scheduler, executor_of
from mixdit.tasks.progress import show_progress

if TYPE_CHECKING:
    from mixdit.compare.comparison import Comparison
    from mixdit.compare.picture_scores import PictureScores
    from mixdit.compare.results import Results
    from mixdit.compare.rows import CompareRow

__all__ = ["command"]

DEFAULT_VARIANTS = ("FP32", "MX6", "MX9", "W MX6, A MX9", "mixed")

PAUSE = 60
"""Seconds between two lines of progress, where there is no terminal."""


def command(
    model: Model,
    pipeline: Pipeline,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for results.")] = Path(
        "build/compare"
    ),
    variants: Annotated[
        list[str] | None,
        typer.Option(
            help="Variant; several allowed. 'all': every one.", show_default=", ".join(DEFAULT_VARIANTS)
        ),
    ] = None,
    images: Annotated[int, typer.Option("--images", "-n", min=1, help="Images of each variant.")] = 16,
    prompts: Prompts = None,
    labels: Labels = None,
    steps: Steps = 20,
    guidance: Guidance = None,
    size: Size = None,
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Seed of the first image's noise.")] = 0,
    calibration_images: Annotated[
        int, typer.Option(min=1, help="Images that calibrate the variants, from other noise.")
    ] = 4,
    metrics: Annotated[
        str, typer.Option(help="Further columns: fid, is, clip, lpips, with commas between them.")
    ] = "",
    real: Annotated[Path | None, typer.Option(help="Folder of real pictures, for fid.")] = None,
    inception: Annotated[Path | None, typer.Option(help="Network whose features fid compares.")] = None,
    classes: Annotated[Path | None, typer.Option(help="Network whose logits the score 'is' takes.")] = None,
    clip: Annotated[Path | None, typer.Option(help="Folder of a CLIP model and its processor.")] = None,
    lpips: Annotated[
        Path | None, typer.Option(help="Network whose features the distance lpips takes.")
    ] = None,
    scheduler: Scheduler = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, each with the whole model.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of each process.", show_default="all, by --jobs")
    ] = None,
    device: Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="Where models run.")] = "auto",
    restart: Annotated[bool, typer.Option(help="Forget all results in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Compare images of a diffusion transformer in every precision, and by other quantizers."""
    require("torch", "diffusers", "transformers", "safetensors", "scipy", "torchmetrics")
    from mixdit.calibration.pipelines import KINDS
    from mixdit.compare.comparison import Comparison
    from mixdit.compare.results import Results
    from mixdit.rivals.variants import VARIANTS

    names = tuple(dict.fromkeys(variants or DEFAULT_VARIANTS))
    if names == ("all",):
        names = tuple(VARIANTS)
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        allowed = ", ".join(map(repr, VARIANTS))
        raise typer.BadParameter(f"--variants must be one of {allowed}, not {unknown[0]!r}")
    scores = _scores(metrics, real, inception, classes, clip, lpips)
    comparison = Comparison(
        model=model,
        pipeline=pipeline,
        items=items_of(KINDS[pipeline].takes, prompts, labels),
        steps=steps,
        guidance=guidance,
        size=size,
        seed=seed,
        calibration_images=calibration_images,
        device=device_of(device),
        threads=threads or max(1, (os.cpu_count() or 1) // jobs),
    )
    results = Results(output, comparison, restart)
    rows = _run(comparison, names, images, results, jobs, scheduler)
    _report(rows, comparison, results, scores, images, as_json)


def _scores(
    metrics: str,
    real: Path | None,
    inception: Path | None,
    classes: Path | None,
    clip: Path | None,
    lpips: Path | None,
) -> "PictureScores":
    """What ``--metrics`` asks for; BadParameter for unknown names, and for files that are not there."""
    from mixdit.compare.picture_scores import METRICS, PictureScores

    names = tuple(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    for name in names:
        if name not in METRICS:
            raise typer.BadParameter(f"--metrics must be some of {', '.join(METRICS)}, not {name!r}")
    for option, path in (("--inception", inception), ("--classes", classes), ("--lpips", lpips)):
        if path is not None and not path.is_file():
            raise typer.BadParameter(f"{option} must be a file, not {str(path)!r}")
    for option, path in (("--real", real), ("--clip", clip)):
        if path is not None and not path.is_dir():
            raise typer.BadParameter(f"{option} must be a folder, not {str(path)!r}")
    return PictureScores(
        metrics=names, real=real, inception=inception, classes=classes, clip=clip, lpips=lpips
    )


def _run(
    comparison: "Comparison",
    names: tuple[str, ...],
    images: int,
    results: "Results",
    jobs: int,
    scheduler: str | None,
) -> "list[CompareRow]":
    from mixdit.compare.run import compare

    executor = Here() if jobs == 1 and scheduler is None else executor_of(jobs, scheduler)
    with show_progress(PAUSE) as show, executor:
        return compare(comparison, names, images, results, executor, show)


def _report(
    rows: "list[CompareRow]",
    comparison: "Comparison",
    results: "Results",
    scores: "PictureScores",
    images: int,
    as_json: bool,
) -> None:
    """Add the scores, write the tables, and print one."""
    from gen.files import write_text
    from mixdit.compare.report import print_rows, write_markdown
    from mixdit.compare.results import TABLES

    for row in rows:
        row.scores = scores.score(comparison, results, row.variant, images)
    text = json.dumps([row.to_json() for row in rows], indent=2)
    guidance = "" if comparison.guidance is None else f", guidance {comparison.guidance:g}"
    title = f"{comparison.model}: {images} images, {comparison.steps} steps{guidance}"
    as_text, as_markdown = (results.folder / name for name in TABLES)
    write_text(as_text, text + "\n")
    write_markdown(rows, title, as_markdown)
    left_out = scores.missing(comparison)
    if as_json:
        print(text)
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        print_rows(rows, title, console)
        console.print(f"tables in {results.folder}/", highlight=False, soft_wrap=True)
    for name, reason in left_out.items():
        print(f"{name} is left out: {reason}", file=sys.stderr if as_json else sys.stdout)
