"""``python -m perf.quality FOLDER ...``: put what ``mixdit quality -o FOLDER`` wrote into docs/quality.md."""

import argparse
import sys
from pathlib import Path

from perf.quality.page import PAGE, publish
from perf.quality.published import FILE, Published

__all__ = ["main"]


def main() -> None:
    """Publish the figures of some folders; those of other variants stay."""
    parser = argparse.ArgumentParser(prog="python -m perf.quality", description=__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="*", type=Path, help="folders of mixdit quality")
    options = parser.parse_args()
    try:
        found = Published.read().renewed(Published.of_folders(options.folders))
    except ValueError as error:
        sys.exit(f"perf.quality: {error}")
    found.write()
    publish(found)
    print(f"renewed {FILE.name} and docs/{PAGE.name}: {len(found.rows)} variants, {len(found.checks)} claims")


if __name__ == "__main__":
    main()
