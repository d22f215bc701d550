"""``python -m verif.mutation``: which mutants of the hardware the tests notice."""

import argparse
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gen.files import write_text
from verif.mutation.campaign import Outcome, Run, run_mutants
from verif.mutation.find import find
from verif.mutation.site import Site
from verif.mutation.survivors import REASONS
from verif.mutation.units import claimed_by, modules

__all__ = ["main", "sample"]


def sample(sites: list[Site], count: int) -> list[Site]:
    """So many of them, always the same."""
    drawn = sorted(sites, key=lambda site: hashlib.sha256(site.key.encode()).digest())
    return sorted(drawn[:count])


def main() -> None:
    """Run mutants of some modules; ends with 1 where one survives without a reason."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=["hw"], help="packages or modules (default: hw)")
    parser.add_argument("--each", type=int, default=8, help="mutants of each module at most (default: 8)")
    parser.add_argument("--output", type=Path, default=Path("build/mutants"), help="where logs go")
    parser.add_argument("--list", action="store_true", help="print them, run none")
    options = parser.parse_args()
    asked = {name: path for each in options.modules for name, path in modules(each).items()}
    if not asked:
        parser.error(f"no module is called {options.modules[0]!r}")
    runs: list[Run] = []
    for name, path in asked.items():
        sites = sample(find(name, path), options.each)
        if options.list:
            print(*(site.key for site in sites), sep="\n")
            continue
        for run in run_mutants(sites, claimed_by(name), options.output / name):
            print(
                f"{run.outcome.value}, {run.seconds:.0f} s: line {run.site.line}, {run.site.key}", flush=True
            )
            runs.append(run)
        _write(runs, options.output / "mutants.json")
    if not options.list:
        Console().print(_table(runs))
        if unexplained := [run for run in _survivors(runs) if run.site.key not in REASONS]:
            raise SystemExit(f"{len(unexplained)} mutants survive without a reason")


def _survivors(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.outcome is Outcome.SURVIVED]


def _write(runs: list[Run], path: Path) -> None:
    figures = [asdict(run) | {"outcome": run.outcome.value, "key": run.site.key} for run in runs]
    write_text(path, json.dumps(figures, indent=1) + "\n")


def _table(runs: list[Run]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("module", "mutants", "killed", "survived", "of these with a reason"):
        table.add_column(name, justify="left" if name == "module" else "right")
    for module in dict.fromkeys(run.site.module for run in runs):
        _add(table, module, [run for run in runs if run.site.module == module])
    _add(table, "all", runs)
    return table


def _add(table: Table, name: str, runs: list[Run]) -> None:
    survivors = _survivors(runs)
    explained = sum(run.site.key in REASONS for run in survivors)
    table.add_row(name, f"{len(runs)}", f"{len(runs) - len(survivors)}", f"{len(survivors)}", f"{explained}")


if __name__ == "__main__":
    main()
