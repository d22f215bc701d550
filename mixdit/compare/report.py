"""The table of a comparison: on the terminal, and as Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gen.files import write_text
from mixdit.compare.rows import CompareRow
from mixdit.quality.report import decibels_text, share_text

__all__ = ["print_rows", "write_markdown"]

STEPS = 8
"""Timesteps of the second table, at most."""

SCORES = {"fid": "FID", "inception_score": "IS", "clip_score": "CLIP", "perceptual": "perceptual"}


def print_rows(rows: Sequence[CompareRow], title: str, console: Console) -> None:
    """Two tables: all figures, and SQNR by timestep."""
    for name, lines in ((title, _figures(rows)), ("SQNR by timestep", _by_timestep(rows))):
        header, *body = lines
        table = Table(title=name, box=None, pad_edge=False)
        for number, column in enumerate(header):
            words = column in WORDS
            table.add_column(column, justify="left" if words else "right", no_wrap=not words or not number)
        for line in body:
            table.add_row(*line)
        console.print(table)
        console.print()
    console.print(LEGEND, highlight=False)


LEGEND = """\
PSNR, SSIM  images against those of the model in float32 with the same noise, in dB and up to 1
SQNR        predicted noise along the model's own sampling paths, power over error, in dB
passes      of the array, times those in MX6, counted
memory      how many times smaller weights are than in FP16
CLIP        agreement of images and prompts by the network of --clip, up to 100
perceptual  distance of features to those of the model's own images, FID to those of the real pictures"""

WORDS = ("variant", "weights", "activations", "attention")


def write_markdown(rows: Sequence[CompareRow], title: str, path: Path) -> None:
    """The same two tables."""
    parts = [
        f"## {title}\n\n{_markdown(_figures(rows))}",
        f"## SQNR by timestep\n\n{_markdown(_by_timestep(rows))}",
    ]
    write_text(path, "\n".join(parts))


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    header, *body = lines

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    return "".join(map(line, [header, ["---"] * len(header), *body]))


def _figures(rows: Sequence[CompareRow]) -> list[list[str]]:
    scores = [name for name in SCORES if any(name in row.scores for row in rows)]
    lines = [
        [
            *WORDS,
            "PSNR",
            "SSIM",
            "SQNR",
            *(SCORES[name] for name in scores),
            "MX9 lin.",
            "MX9 att.",
            "passes",
            "memory",
        ]
    ]
    for row in rows:
        lines.append(
            [
                row.variant,
                row.weights,
                row.activations,
                row.attention,
                decibels_text(row.psnr_db),
                f"{row.ssim:.4f}",
                decibels_text(row.sqnr_db),
                *(f"{row.scores[name]:.3f}" for name in scores),
                share_text(row.mx9_linear),
                share_text(row.mx9_attention),
                "" if row.passes is None else f"{row.passes:.2f}",
                f"{row.memory:.2f}x",
            ]
        )
    return lines


def _by_timestep(rows: Sequence[CompareRow]) -> list[list[str]]:
    count = len(rows[0].sqnr_by_timestep)
    shown = sorted({round(i * (count - 1) / max(1, min(STEPS, count) - 1)) for i in range(min(STEPS, count))})
    header = ["variant", *(f"{rows[0].sqnr_by_timestep[i][0]:.0f}" for i in shown)]
    lines = ([row.variant, *(decibels_text(row.sqnr_by_timestep[i][1]) for i in shown)] for row in rows)
    return [header, *lines]
