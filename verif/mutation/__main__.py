"""``python -m verif.mutation``: which mutants of the hardware the tests notice."""

import argparse
import hashlib
from functools import partial
from pathlib import Path

from rich.console import Console

from verif.mutation.campaign import Run, run_mutants
from verif.mutation.find import find
from verif.mutation.kept import digest, read_runs, write_runs
from verif.mutation.report import console_table, publish, unexplained
from verif.mutation.site import Site
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
    parser.add_argument("--each", type=int, default=5, help="mutants of each module at most (default: 5)")
    parser.add_argument("--output", type=Path, default=Path("build/mutants"), help="where logs go")
    parser.add_argument("--list", action="store_true", help="print all there are, run none")
    parser.add_argument("--publish", action="store_true", help="renew the tables of docs/mutants.md")
    options = parser.parse_args()
    asked = {name: path for each in options.modules for name, path in modules(each).items()}
    if not asked:
        parser.error(f"no module is called {options.modules[0]!r}")
    runs: list[Run] = []
    failed: list[str] = []
    for number, (name, path) in enumerate(asked.items(), 1):
        if options.list:
            print(*(site.key for site in find(name, path)), sep="\n")
        else:
            print(f"{name}, {number} of {len(asked)}", flush=True)
            try:
                runs += _runs(name, path, options.each, options.output / name)
            except RuntimeError as error:
                print(error, flush=True)
                failed.append(name)
    if not options.list:
        Console().print(console_table(runs))
        if options.publish:
            publish(runs)
        if left := unexplained(runs):
            raise SystemExit(f"{len(left)} mutants survive without a reason")
        if failed:
            raise SystemExit(f"tests fail without a mutant: {', '.join(failed)}")


def _runs(name: str, path: Path, count: int, folder: Path) -> list[Run]:
    """What became of some of a module's mutants, now or before."""
    sites, tests = find(name, path), claimed_by(name)
    state = digest(path, count, tests)
    if (kept := read_runs(folder, state)) is not None:
        return kept
    runs = []
    for run in run_mutants(sites, tests, folder, partial(sample, count=count)):
        print(f"{run.outcome.value}, {run.seconds:.0f} s: line {run.site.line}, {run.site.key}", flush=True)
        runs.append(run)
    write_runs(folder, state, runs)
    return runs


if __name__ == "__main__":
    main()
