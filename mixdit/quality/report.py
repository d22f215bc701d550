"""The quality table: on the terminal, as CSV, as Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gen.files import csv_text, write_text
from mixdit.quality.choice import Choice
from mixdit.quality.memory import times_smaller
from mixdit.quality.row import Row

__all__ = ["decibels_text", "print_choices", "print_rows", "share_text", "write_csv", "write_markdown"]


def print_rows(rows: Sequence[Row], console: Console) -> None:
    """One table for each model."""
    for model in dict.fromkeys(row.model for row in rows):
        chosen = [row for row in rows if row.model == model]
        title = f"{model}: {_sampling(chosen[0])}"
        table = Table(title=title, box=None, pad_edge=False)
        for name in ("variant", "weights", "activations", "attention"):
            table.add_column(name, no_wrap=name == "variant")
        for name in FIGURES:
            table.add_column(name, justify="right", no_wrap=True)
        for row in chosen:
            table.add_row(row.variant, row.weights, row.activations, row.attention, *_figures(row))
        console.print(table)
        console.print()
    console.print(LEGEND, highlight=False)


def print_choices(choices: Sequence[Choice], console: Console) -> None:
    """The plans that calibration noise would have chosen, with their figures on the noise that judges."""
    table = Table(title="mixed plan with the least error on calibration noise", box=None, pad_edge=False)
    for name in ("model", "error of", "plan"):
        table.add_column(name)
    for name in ("PSNR", "SQNR", "loss", "±"):
        table.add_column(name, justify="right")
    for each in choices:
        row = each.row
        table.add_row(
            each.model, each.criterion, row.variant, decibels_text(row.psnr_db), decibels_text(row.sqnr_db),
            f"{row.frechet_delta:+.3f}", f"{row.frechet_delta_sd:.3f}",
        )  # fmt: skip
    console.print(table)
    console.print()


FIGURES = (
    "PSNR",
    "SSIM",
    "SQNR",
    "Frechet",
    "loss",
    "±",
    "IS",
    "right",
    "MX9 lin.",
    "MX9 att.",
    "passes",
    "memory",
)

LEGEND = """\
PSNR, SSIM  images against float32 with the same noise, in dB and up to 1
SQNR        predicted noise along float32's sampling path, power over error, in dB
Frechet     distance of classifier features to the real digits
loss, ±     that minus float32's, and its bootstrapped standard deviation
IS, right   Inception-style score; samples classified as the digit that was asked for
MX9         share of activation elements of linear layers, and of attention operands, counted
passes      of the array, times those in MX6, counted
memory      how many times smaller weights are than in FP16"""


def _figures(row: Row) -> list[str]:
    return [
        decibels_text(row.psnr_db),
        f"{row.ssim:.4f}",
        decibels_text(row.sqnr_db),
        f"{row.frechet:.3f}",
        f"{row.frechet_delta:+.3f}",
        f"{row.frechet_delta_sd:.3f}",
        f"{row.inception_score:.2f}",
        f"{row.accuracy:.1%}",
        share_text(row.mx9_linear),
        share_text(row.mx9_attention),
        "" if row.passes is None else f"{row.passes:.2f}",
        f"{times_smaller(row.weight_bits):.2f}x",
    ]


def decibels_text(value: float | None) -> str:
    """Two digits after the point; None is no error at all."""
    return "exact" if value is None else f"{value:.2f}"


def share_text(value: float | None) -> str:
    """In percent; nothing for None."""
    return "" if value is None else f"{value:.1%}"


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """One line for each row, without the figures of single timesteps."""
    lines = [row.to_json() for row in rows]
    for line in lines:
        del line["sqnr_by_timestep"]
    write_text(path, csv_text(lines))


MARKDOWN = (
    "variant",
    "weights",
    "activations",
    "attention",
    "PSNR",
    "SSIM",
    "SQNR",
    "Frechet loss",
    "right",
    "MX9 linear",
    "MX9 attention",
    "passes",
    "memory",
)


def write_markdown(rows: Sequence[Row], path: Path) -> None:
    """One section for each model, as in docs/quality.md."""
    parts = []
    for model in dict.fromkeys(row.model for row in rows):
        chosen = [row for row in rows if row.model == model]
        lines = [MARKDOWN, ["---"] * len(MARKDOWN), *map(_cells, chosen)]
        title = f"## `{model}`\n\n{_sampling(chosen[0])}.\n\n"
        parts.append(title + "".join(_markdown_line(line) for line in lines))
    write_text(path, "\n".join(parts))


def _sampling(row: Row) -> str:
    """How the images of a row were made."""
    guidance = "" if row.guidance == 1 else f", guidance {row.guidance:g}"
    return f"{row.samples} images, {row.steps} DDIM steps{guidance}"


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cells(row: Row) -> list[str]:
    return [
        row.variant,
        row.weights,
        row.activations,
        row.attention,
        decibels_text(row.psnr_db),
        f"{row.ssim:.4f}",
        decibels_text(row.sqnr_db),
        f"{row.frechet_delta:+.3f} ± {row.frechet_delta_sd:.3f}",
        f"{row.accuracy:.1%}",
        share_text(row.mx9_linear),
        share_text(row.mx9_attention),
        "" if row.passes is None else f"{row.passes:.2f}",
        f"{times_smaller(row.weight_bits):.2f}x",
    ]
