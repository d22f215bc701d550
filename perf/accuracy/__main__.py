"""``python -m perf.accuracy``: errors of the functions between products, beside published ones."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gen.markdown import renew_section
from perf.accuracy.functions import Row, rows
from perf.accuracy.models import ModelRow, model_rows

__all__ = ["PAGE", "model_table", "table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "functions.md"


def table(found: Sequence[Row]) -> str:
    """``found`` as Markdown."""
    lines = ["| function | unit | largest error | RMS error | SQNR |", "|---|---|---:|---:|---:|"]
    for row in found:
        cells = (row.function, row.unit, f"{row.most:.3f}", f"{row.usual:.4f}", f"{row.sqnr:.1f} dB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def model_table(found: Sequence[ModelRow]) -> str:
    """``found`` as Markdown."""
    lines = ["| model | plan | float functions | the hardware's | difference |", "|---|---|---:|---:|---:|"]
    for row in found:
        difference = f"{row.sqnr_hardware - row.sqnr:+.2f} ± {row.deviation:.2f} dB"
        figures = f"{row.sqnr:.2f} dB | {row.sqnr_hardware:.2f} dB | {difference}"
        lines.append(f"| {row.model} | {row.plan} | {figures} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print a table, or write it into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m perf.accuracy", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--publish", action="store_true", help="also renew the table of docs/functions.md")
    parser.add_argument(
        "--models", action="store_true", help="whole models with these functions instead (some minutes)"
    )
    options = parser.parse_args()
    found: Sequence[Row | ModelRow]
    if options.models:
        found = of_models = list(model_rows())
        name, written = "models", model_table(of_models)
    else:
        found = of_functions = list(rows())
        name, written = "accuracy", table(of_functions)
    print(json.dumps([asdict(row) for row in found], indent=2) if options.json else written)
    if options.publish:
        renew_section(PAGE, name, written)


if __name__ == "__main__":
    main()
