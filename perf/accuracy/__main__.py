"""``python -m perf.accuracy``: errors of the functions between products, beside published ones."""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gen.files import write_text
from perf.accuracy.functions import Row, rows

__all__ = ["PAGE", "table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "functions.md"

_TABLE = re.compile(r"(<!-- accuracy -->\n).*?(<!-- end of accuracy -->)", re.DOTALL)


def table(found: Sequence[Row]) -> str:
    """``found`` as Markdown."""
    lines = ["| function | unit | largest error | RMS error | SQNR |", "|---|---|---:|---:|---:|"]
    for row in found:
        cells = (row.function, row.unit, f"{row.most:.3f}", f"{row.usual:.4f}", f"{row.sqnr:.1f} dB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or write it into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m perf.accuracy", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--publish", action="store_true", help="also renew the table of docs/functions.md")
    options = parser.parse_args()
    found = list(rows())
    print(json.dumps([asdict(row) for row in found], indent=2) if options.json else table(found), end="\n")
    if options.publish:
        text = PAGE.read_text()
        write_text(PAGE, _TABLE.sub(lambda marks: f"{marks[1]}{table(found)}{marks[2]}", text))


if __name__ == "__main__":
    main()
