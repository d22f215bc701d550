"""``python -m verif.code_coverage FOLDER``: merge what tests left in a folder into its ``report.md``."""

import argparse
import json
import sys
from pathlib import Path

from gen.files import write_files
from gen.markdown import renew_section
from verif.code_coverage.merged import merge
from verif.code_coverage.python import read_branches
from verif.code_coverage.report import report

__all__ = ["main"]

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"


def main() -> None:
    """Write the report; exits with 1 if there is nothing to report."""
    parser = argparse.ArgumentParser(prog="python -m verif.code_coverage", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="with counts in data/, and python.json")
    parser.add_argument("--publish", action="store_true", help="also renew the tables of docs/coverage.md")
    options = parser.parse_args()
    folder = options.folder
    try:
        modules = merge(folder / "data")
        packages = read_branches(folder / "python.json")
    except (OSError, ValueError) as error:
        sys.exit(f"verif.code_coverage: {error}")
    if not modules:
        sys.exit(f"verif.code_coverage: no counts in {folder / 'data'}")
    text = report(modules, packages)
    figures = {
        "verilog": {
            name: [sum(each.lines.values()), len(each.lines), sum(each.toggles.values()), len(each.toggles)]
            for name, each in modules.items()
        },
        "python": {name: [each.taken, each.all] for name, each in packages.items()},
    }
    write_files(folder, {"report.md": text, "report.json": json.dumps(figures, indent=2) + "\n"})
    tables = text.partition("## Not seen")[0].rstrip()
    if options.publish:
        renew_section(_PAGE, "coverage", tables.removeprefix("# Coverage\n") + "\n\n")
    print(tables)
    print(f"\nwhat no test saw: {folder / 'report.md'}")


if __name__ == "__main__":
    main()
