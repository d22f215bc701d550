"""``mixdit train-digits``."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from gen.files import check_writable
from mixdit.require import require

__all__ = ["command"]


def command(
    name: Annotated[
        Literal["digits-16", "digits-64", "fashion-49", "classifier", "fashion-classifier", "all"],
        typer.Argument(help="What to train: a model, a classifier, or all of the digits'."),
    ] = "all",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the checkpoints.")] = Path(
        "build/checkpoints"
    ),
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps instead of the recipe's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, data and noise.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads; another number rounds differently.")] = 2,
    pictures: Annotated[
        Path | None,
        typer.Option(help="Folder of Fashion-MNIST's IDX files.", show_default="that of Debian's package"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train the small diffusion transformers, and the classifiers that judge their samples."""
    require("torch", "diffusers", "sklearn", "safetensors")
    import torch

    from mixdit.digits.classifier import CLASSIFIERS
    from mixdit.digits.fashion import DEBIAN
    from mixdit.digits.recipes import RECIPES

    of_digits = [*(each for each, recipe in RECIPES.items() if recipe.pictures == "digits"), "classifier"]
    names = of_digits if name == "all" else [name]
    torch.set_num_threads(threads)
    rows = []
    check_writable(output / f"{names[0]}.safetensors")  # before minutes pass
    try:
        for each in names:
            path = output / f"{each}.safetensors"
            with _progress() as progress:
                train = _train_classifier if each in CLASSIFIERS else _train_model
                figures = train(progress, path, each, steps, seed, threads, pictures or DEBIAN)
            rows.append({"name": each, "file": str(path), "bytes": path.stat().st_size, **figures})
    except ValueError as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _print_table(rows)


def _train_model(
    progress: Progress, path: Path, name: str, steps: int | None, seed: int, threads: int, folder: Path
) -> dict[str, float]:
    from mixdit.digits.checkpoint import save_model
    from mixdit.digits.recipes import RECIPES
    from mixdit.digits.training import train

    recipe = replace(RECIPES[name], seed=seed, steps=steps or RECIPES[name].steps)
    task = progress.add_task(name, total=recipe.steps, says="")

    def show(done: int, loss: float) -> None:
        progress.update(task, completed=done, says=f"step {done} of {recipe.steps}, loss {loss:.4f}")

    model, loss = train(recipe, show, folder)
    save_model(path, model, recipe=asdict(recipe), threads=threads, loss=loss)
    return {"loss": loss}


def _train_classifier(
    progress: Progress, path: Path, name: str, steps: int | None, seed: int, threads: int, folder: Path
) -> dict[str, float]:
    from mixdit.digits.checkpoint import save_weights
    from mixdit.digits.classifier import CLASSIFIERS, load_classifier, train_classifier
    from mixdit.digits.data import IMAGE_SIZE
    from mixdit.digits.held_out import HELD_OUT, feature_moments
    from mixdit.save_tensors import save_tensors

    if steps is not None:
        raise ValueError(f"{name} has no steps to set: leave --steps {steps} out")
    task = progress.add_task(name, total=1.0, says="")
    side = CLASSIFIERS[name]
    classifier, accuracy = train_classifier(
        side, seed, folder, lambda share: progress.update(task, completed=share)
    )
    save_weights(path, classifier, {"seed": seed, "threads": threads, "accuracy": accuracy})
    if side != IMAGE_SIZE:
        kept = load_classifier(name, path.parent)  # in half precision, as it will judge
        moments = feature_moments(kept, folder)
        save_tensors(moments, path.with_name(f"{HELD_OUT}.safetensors"), {"classifier": name})
    return {"accuracy": accuracy}


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        TextColumn("training {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[says]}"),
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
