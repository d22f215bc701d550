"""``python -m verif.mutation``: which mutants of the hardware the tests notice."""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from rich.console import Console

from verif.mutation.campaign import BlindTestsError, FailingTestsError, Run
from verif.mutation.find import find
from verif.mutation.kept import kept_runs, runs_of, without_mutants
from verif.mutation.report import console_table, publish, unexplained
from verif.mutation.units import modules

__all__ = ["main"]


def main() -> None:
    """Run mutants of some modules; ends with 1 where one survives without a reason."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=["hw"], help="packages or modules (default: hw)")
    parser.add_argument(
        "--each", type=int, default=5, help="so many mutants of each module, if it has them (default: 5)"
    )
    parser.add_argument(
        "--jobs", type=int, default=cpu_count() or 1, help="modules at a time (default: a core each)"
    )
    parser.add_argument("--output", type=Path, default=Path("build/mutants"), help="where logs go")
    parser.add_argument("--kept", action="store_true", help="take what earlier runs kept, run none")
    parser.add_argument("--list", action="store_true", help="print all there are, run none")
    parser.add_argument("--publish", action="store_true", help="renew the tables of docs/mutants.md")
    options = parser.parse_args()
    for name in ("each", "jobs"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1, not {getattr(options, name)}")
    asked = {each: modules(each) for each in options.modules}
    if unknown := [each for each, found in asked.items() if not found]:
        parser.error(f"no module of hw is called {unknown[0]!r}")
    if options.publish and options.modules != ["hw"]:
        parser.error("--publish takes all modules: the page has a line for each")
    paths = {name: path for found in asked.values() for name, path in found.items()}
    if options.list:
        for name, path in paths.items():
            print(*(site.key for site in find(name, path)), sep="\n")
        return
    if options.kept:
        kept = [kept_runs(name, path, options.each, options.output / name) for name, path in paths.items()]
        found = [runs for runs in kept if runs is not None]
        if not any(found):
            raise SystemExit(f"no results of these modules are kept in {options.output}")
        _tell(list(chain.from_iterable(found)), [], options.publish, len(found), paths)
        return
    runs, failed = [], []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        futures = [
            (name, pool.submit(runs_of, name, path, options.each, options.output / name))
            for name, path in paths.items()
        ]
        for number, (name, future) in enumerate(futures, 1):
            try:
                runs += future.result()
            except (BlindTestsError, FailingTestsError) as error:
                print(error, flush=True)
                failed.append(name)
            print(f"{name}, {number} of {len(futures)}", flush=True)
    _tell(runs, failed, options.publish, len(paths) - len(failed), paths)


def _tell(
    runs: Sequence[Run], failed: Sequence[str], publishes: bool, done: int, paths: Mapping[str, Path]
) -> None:
    """Print the table, renew the page if asked to; ends with 1 where a mutant survives or tests fail."""
    Console().print(console_table(runs))
    if done < len(paths):
        print(f"{done} of {len(paths)} modules")
    if publishes:
        reasons = {name: without_mutants(name, path) for name, path in paths.items()}
        without = {name: reason for name, reason in reasons.items() if reason}
        publish(runs, without, done=done, modules=len(paths))
    if left := unexplained(runs):
        raise SystemExit(f"{len(left)} mutants survive without a reason")
    if failed:
        raise SystemExit(f"tests say nothing of {', '.join(failed)}")


if __name__ == "__main__":
    main()
