"""What the mixes do to images, of the small networks that were sampled with them."""

from collections.abc import Iterable, Mapping

from mixdit.digits.recipes import RECIPES
from mixdit.quality.report import decibels_text
from mixdit.quality.row import Row
from perf.quality.published import Published
from perf.speedup.mixes import MIXES
from perf.speedup.table import Table

__all__ = ["VARIANTS", "quality_table"]

VARIANTS: Mapping[str, str] = {
    "MX6": "MX6, compensated",
    "mixed": "mixed, compensated",
    "mixed-p": "mixed, p alone, compensated",
    "MX9": "MX9",
}
"""Of the quality tables, by mix: the same formats and shares, weights in MX6 rounded for their error."""


def quality_table(mixes: Iterable[str], published: Published | None = None) -> Table:
    """A line for each of the mixes, and three columns for each network that quality was measured on."""
    published = published or Published.read()
    of_model = {model: {row.variant: row for row in published.rows_of(model)} for model in RECIPES}
    head = ["formats", "variant"]
    for model in RECIPES:
        head += [f"{model}: PSNR, dB", "SQNR, dB", "Frechet loss, 95% interval"]
    rows = []
    for mix in mixes:
        variant = VARIANTS[mix]
        cells = [MIXES[mix].title, variant]
        for rows_of in of_model.values():
            cells += _figures(rows_of.get(variant))
        rows.append(cells)
    return Table(title="What the mixes do to images", head=head, rows=rows, texts=2)


def _figures(row: Row | None) -> list[str]:
    if row is None:
        return ["not measured"] + [""] * 2
    return [
        decibels_text(row.psnr_db),
        decibels_text(row.sqnr_db),
        f"{row.frechet_delta:+.3f} ({row.frechet_delta_low:+.3f} to {row.frechet_delta_high:+.3f})",
    ]
