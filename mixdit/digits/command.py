"""``mixdit train-digits``."""

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from gen.files import check_writable
from mixdit.require import require

__all__ = ["command"]

CLASSIFIER = "classifier"


def command(
    name: Annotated[
        Literal["digits-16", "digits-64", "classifier", "all"],
        typer.Argument(help="What to train: a model, the classifier, or all of them."),
    ] = "all",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the checkpoints.")] = Path(
        "build/checkpoints"
    ),
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps instead of the recipe's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, data and noise.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads; another number rounds differently.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train the digits transformers, and the classifier that judges their samples."""
    require("torch", "diffusers", "sklearn", "safetensors")
    import torch

    from mixdit.digits.checkpoint import save_model, save_weights
    from mixdit.digits.classifier import train_classifier
    from mixdit.digits.recipes import RECIPES
    from mixdit.digits.training import train

    names = [*RECIPES, CLASSIFIER]
    torch.set_num_threads(threads)
    rows = []
    check_writable(output / f"{names[0]}.safetensors")  # before minutes pass
    for each in names if name == "all" else [name]:
        path = output / f"{each}.safetensors"
        if each == CLASSIFIER:
            classifier, accuracy = train_classifier(seed)
            figures = {"accuracy": accuracy}
            save_weights(path, classifier, {"seed": seed, "threads": threads, **figures})
        else:
            recipe = replace(RECIPES[each], seed=seed, steps=steps or RECIPES[each].steps)
            with _progress() as progress:
                task = progress.add_task(each, total=recipe.steps, loss=1.0)
                model, loss = train(recipe, partial(_advance, progress, task))
            figures = {"loss": loss}
            save_model(path, model, recipe=asdict(recipe), threads=threads, **figures)
        rows.append({"name": each, "file": str(path), "bytes": path.stat().st_size, **figures})
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _print_table(rows)


def _advance(progress: Progress, task: TaskID, steps: int, loss: float) -> None:
    progress.update(task, completed=steps, loss=loss)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        TextColumn("training {task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} steps, loss {task.fields[loss]:.4f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print_table(rows: list[dict[str, object]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("name", "result", "size", "file"):
        table.add_column(name, justify="right" if name == "size" else "left")
    for row in rows:
        result = f"accuracy {row['accuracy']:.1%}" if "accuracy" in row else f"loss {row['loss']:.4f}"
        table.add_row(row["name"], result, f"{row['bytes'] / 1e6:.1f} MB", row["file"])
    Console().print(table)
