"""The tables of docs/quality.md that hold published figures."""

from collections.abc import Sequence
from pathlib import Path

from gen.markdown import markdown_table, renew_section
from mixdit.digits.recipes import RECIPES
from mixdit.quality.checks import Check
from mixdit.quality.memory import times_smaller
from mixdit.quality.report import decibels_text, share_text
from mixdit.quality.row import Row
from perf.quality.published import Published

__all__ = ["PAGE", "claims_table", "guidance_table", "publish", "sections", "variants_table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"

_HEAD = (
    "variant", "weights", "activations", "images", "PSNR, dB", "SSIM", "SQNR, dB", "Frechet loss",
    "95% interval", "right", "MX9 linear", "MX9 attention", "passes", "memory",
)  # fmt: skip


def publish(published: Published) -> None:
    """Renew all tables of the page."""
    for name, text in sections(published).items():
        renew_section(PAGE, name, text)


def sections(published: Published) -> dict[str, str]:
    """The tables by the names of their marks: ``MODEL`` and ``claims MODEL`` of every model, ``guidance``."""
    found = {"guidance": guidance_table(published)}
    for model in RECIPES:
        found[model] = variants_table(published.rows_of(model))
        found[f"claims {model}"] = claims_table([each for each in published.checks if each.model == model])
    return found


def variants_table(rows: Sequence[Row]) -> str:
    """A line for each variant of a model."""
    return markdown_table(_HEAD, [_cells(row) for row in rows], 3)


def claims_table(checks: Sequence[Check]) -> str:
    """A line for each claim about a model, which holds and which its worse variant fails."""
    rows = [
        (
            check.claim,
            check.measured + _unless(check.borne_out, "does not hold"),
            check.control,
            check.control_measured + _unless(check.control_fails, "holds too"),
        )
        for check in checks
    ]
    return markdown_table(("claim", "measured", "worse variant", "of that"), rows, 4)


def guidance_table(published: Published) -> str:
    """A line for each variant that was sampled with guidance: without it too, in few and in many steps."""
    samplings = sorted({(row.steps, row.guidance) for row in published.rows})
    head = ["model", "variant"]
    for steps, guidance in samplings:
        head += [f"{steps} steps{f', guidance {guidance:g}' * (guidance != 1)}: PSNR, dB", "SQNR, dB"]
    lines = []
    for model in RECIPES:
        of_variant: dict[str, dict[tuple[int, float], Row]] = {}
        for row in published.rows:
            if row.model == model:
                of_variant.setdefault(row.variant, {})[row.steps, row.guidance] = row
        for variant, found in of_variant.items():
            if any(guidance != 1 for _, guidance in found):
                line = [model, variant]
                for sampling in samplings:
                    each = found.get(sampling)
                    line += [decibels_text(each.psnr_db), decibels_text(each.sqnr_db)] if each else ["", ""]
                lines.append(line)
    return markdown_table(head, lines, 2)


def _unless(good: bool, else_: str) -> str:
    return "" if good else f" **{else_}**"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.variant,
        row.weights,
        row.activations,
        f"{row.samples:,}",
        decibels_text(row.psnr_db),
        f"{row.ssim:.4f}",
        decibels_text(row.sqnr_db),
        f"{row.frechet_delta:+.3f}",
        "" if row.variant == "FP32" else f"{row.frechet_delta_low:+.3f} to {row.frechet_delta_high:+.3f}",
        f"{row.accuracy:.1%}",
        share_text(row.mx9_linear),
        share_text(row.mx9_attention),
        "" if row.passes is None else f"{row.passes:.2f}",
        f"{times_smaller(row.weight_bits):.2f}x",
    )
