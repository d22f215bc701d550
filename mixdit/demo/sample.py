"""``mixdit sample``."""

import json
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gen.files import check_writable
from mixdit.calibration.settings import Heads, Rounding
from mixdit.demo.progress import progress_line
from mixdit.require import require

if TYPE_CHECKING:
    from torch import Tensor, nn


__all__ = ["command"]

BACKENDS = "mixdit.sample_backends"
"""Entry points of classes whose objects multiply two block tensors, and count ``products``, ``outputs``,
``mismatches`` (with exact mode) and ``cycles``."""

CALIBRATION_IMAGES, CALIBRATION_SEED = 32, 456


def _complete_backend(incomplete: str) -> list[str]:
    return [name for name in _backends() if name.startswith(incomplete)]


def command(
    model: Annotated[str, typer.Option(help="Model or checkpoint file.")] = "digits-16",
    label: Annotated[
        list[int] | None,
        typer.Option(
            min=0,
            max=9,
            help="Digit, or class, to draw; several allowed.",
            show_default="0 to 9; 3 on rtl",
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Variant; several allowed.", show_default="FP32, MX6, mixed"),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="What multiplies the mixed plan once more: fast (nothing), exact, or rtl.",
            autocompletion=_complete_backend,
        ),
    ] = "fast",
    heads: Annotated[
        Heads, typer.Option(help="In that plan: whole heads in MX9, or each q, k, p and v.")
    ] = "whole",
    rounding: Annotated[
        Rounding, typer.Option(help="Of its weights: one by one, or for their error.")
    ] = "nearest",
    steps: Annotated[int, typer.Option(min=1, max=1000, help="Denoising steps.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 1,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture.")] = Path(
        "build/sample/samples.png"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Draw digits, or clothes, in several precisions, also on the simulated array."""
    require("torch", "diffusers", "sklearn", "safetensors", "scipy", "matplotlib")
    from mixdit.rivals.variants import VARIANTS

    names = variant or ["FP32", "MX6", "mixed"]
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        raise typer.BadParameter(f"variant must be one of {', '.join(VARIANTS)}, not {unknown[0]!r}")
    check_writable(output)  # before minutes pass
    labels = label or (list(range(10)) if backend in ("fast", "exact") else [3])
    try:
        array = None if backend in ("fast", "exact") else _load(backend)
        settings = {"heads": heads, "rounding": rounding}
        images = _run(model, labels, names, backend, array, settings, steps, seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except RuntimeError as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    failed = _report(images, labels, backend, array, output, as_json)
    if failed:
        print(f"mixdit: {failed}", file=sys.stderr)
        raise typer.Exit(1)


def _backends() -> list[str]:
    return ["fast", "exact", *sorted(entry_points(group=BACKENDS).names)]


def _load(name: str) -> Any:
    if name not in _backends():
        raise ValueError(f"backend must be one of {', '.join(_backends())}, not {name!r}")
    return entry_points(group=BACKENDS)[name].load()()


def _run(
    name: str,
    labels: list[int],
    names: list[str],
    backend: str,
    array: Any,
    settings: dict[str, Any],
    steps: int,
    seed: int,
) -> "dict[str, Tensor]":
    import torch

    from mixdit.demo.sample_plan import whole_blocks
    from mixdit.digits.checkpoint import load_model
    from mixdit.digits.diffusion import balanced_labels, initial_noise, sample, trajectory
    from mixdit.layers.quantize_model import quantize_model
    from mixdit.rivals.calibration import Calibration
    from mixdit.rivals.variants import VARIANTS
    from mixdit.rounding.round_weights import round_weights

    model = load_model(name)
    side = model.shape.image
    noise, asked = initial_noise(len(labels), seed, side), torch.tensor(labels)
    path = trajectory(
        model,
        initial_noise(CALIBRATION_IMAGES, CALIBRATION_SEED, side),
        balanced_labels(CALIBRATION_IMAGES),
        20,
    )
    calibration = Calibration(model, path.batches)
    images = {}
    with progress_line() as show:

        def draw(title: str, network: "nn.Module") -> None:
            images[title] = sample(network, noise, asked, steps, lambda i, n: show(title, i / n))

        for each in names:
            draw(each, VARIANTS[each].build(calibration))
        if backend != "fast":
            plan = whole_blocks(calibration, settings["heads"])
            if settings["rounding"] == "compensated":
                show("rounding", 0)
                model = round_weights(model, plan, calibration.batches)
            draw("mixed, exact", quantize_model(model, plan, "exact"))
            if array is not None:
                draw(f"mixed, {backend}", quantize_model(model, plan, array))
    return images


def _report(
    images: "dict[str, Tensor]", labels: list[int], backend: str, array: Any, output: Path, as_json: bool
) -> str | None:
    """Print and draw; returns what went wrong, if anything did."""
    from mixdit.quality.plot_samples import plot_samples
    from mixdit.quality.similarity import psnr

    plot_samples(output, "the same noise in every line", images)
    reference = next(iter(images))
    figures: dict[str, Any] = {"picture": str(output), "labels": labels, "reference": reference}
    figures["psnr_db"] = {
        name: psnr(x, images[reference]) for name, x in images.items() if not x.equal(images[reference])
    }
    failed = None
    if array is not None:
        differing = int((images[f"mixed, {backend}"] != images["mixed, exact"]).sum())
        counts = {name: getattr(array, name) for name in ("products", "outputs", "mismatches", "cycles")}
        figures[backend] = {**counts, "differing_pixels": differing}
        if array.mismatches or differing:
            failed = f"{array.mismatches} outputs and {differing} pixels of {backend} differ from exact mode"
    if as_json:
        print(json.dumps(figures))
    else:
        _print(figures, list(images), backend, array is not None)
    return failed


def _print(figures: dict[str, Any], names: list[str], backend: str, compared: bool) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("variant")
    table.add_column(f"PSNR to {figures['reference']}", justify="right")
    for name in names:
        value = figures["psnr_db"].get(name)
        table.add_row(name, "equal" if value is None else f"{value:.2f} dB")
    console = Console()
    console.print(table)
    if compared:
        counts = figures[backend]
        console.print(
            f"{backend}: {counts['products']:,} products, {counts['outputs']:,} outputs, "
            f"{counts['mismatches']} differ from exact mode, {counts['cycles']:,} cycles",
            highlight=False,
        )
    console.print(f"picture {figures['picture']}", highlight=False)
