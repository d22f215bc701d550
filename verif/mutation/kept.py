"""Results of a module, kept until its source or its tests change."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path

from gen.files import write_text
from verif.mutation.campaign import Outcome, Run, run_mutants
from verif.mutation.find import find
from verif.mutation.site import Site
from verif.mutation.units import ROOT, WITHOUT_LOGIC, claimed_by

__all__ = ["kept_runs", "runs_of", "sample", "without_mutants"]

_FILE = "mutants.json"

_PLACE = attrgetter("site")

_MODULE = re.compile(r"\bverif(?:\.\w+)+")


def sample(sites: list[Site], count: int) -> list[Site]:
    """So many of them, always the same."""
    drawn = sorted(sites, key=lambda site: hashlib.sha256(site.key.encode()).digest())
    return sorted(drawn[:count])


def runs_of(name: str, path: Path, count: int, folder: Path) -> list[Run]:
    """What became of ``count`` of a module's mutants, or of more, now or before, in ``folder``.

    Raises
    ------
    FailingTestsError
        Its tests fail without a mutant.
    BlindTestsError
        None of its mutants is in a design of its tests, though it is not ``WITHOUT_LOGIC``.
    """
    if (runs := kept_runs(name, path, count, folder)) is not None:
        return runs
    tests = claimed_by(name)
    state = _digest(path, tests)
    runs = _read(folder, state)
    done = {run.site for run in runs}

    def more(placed: list[Site]) -> list[Site]:
        return [site for site in sample(placed, count) if site not in done]

    for run in run_mutants(find(name, path), tests, folder, more):
        print(f"{run.outcome.value}, {run.seconds:.0f} s: line {run.site.line}, {run.site.key}", flush=True)
        runs.append(run)
    _write(folder, state, count, runs)
    return sorted(runs, key=_PLACE)


def kept_runs(name: str, path: Path, count: int, folder: Path) -> list[Run] | None:
    """What became of them before; None if something has changed since, or fewer are kept in ``folder``."""
    if without_mutants(name, path):
        return []
    return sorted(_read(folder, _digest(path, claimed_by(name)), count), key=_PLACE) or None


def without_mutants(name: str, path: Path) -> str | None:
    """What a module has instead of mutants; None of one that has some."""
    if name in WITHOUT_LOGIC:
        return WITHOUT_LOGIC[name]
    return None if find(name, path) else "nothing that a mutant changes"


def _digest(source: Path, tests: Sequence[str]) -> str:
    """What results hang on: a module's source, its tests, what these name."""
    state = hashlib.sha256(repr(tests).encode())
    for path in (source, *_files(tests)):
        state.update(path.read_bytes())
    return state.hexdigest()


def _files(tests: Sequence[str]) -> list[Path]:
    """Those of tests, and of every module below ``verif`` that these name, as imports or as benches."""
    found: set[Path] = set()
    left = [ROOT / test.partition("::")[0] for test in tests]
    while left:
        path = left.pop()
        if path.is_dir():
            left += path.rglob("*.py")
        elif path not in found:
            found.add(path)
            names = _MODULE.findall(path.read_text())
            left += [file for name in names if (file := _file_of(name)).is_file()]
    return sorted(found)


def _file_of(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def _read(folder: Path, of: str, at_least: int = 0) -> list[Run]:
    """Results in ``folder`` that hang on the digest ``of``, if so many were asked for; none without such."""
    try:
        kept = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return []
    if kept["digest"] != of or kept["count"] < at_least:
        return []
    return [Run(Site(**run["site"]), Outcome(run["outcome"]), run["seconds"]) for run in kept["runs"]]


def _write(folder: Path, of: str, count: int, runs: Sequence[Run]) -> None:
    """Keep results of ``count`` mutants at most, that hang on the digest ``of``, in ``folder``."""
    figures = [asdict(run) | {"outcome": run.outcome.value} for run in runs]
    kept = {"digest": of, "count": count, "runs": figures}
    write_text(folder / _FILE, json.dumps(kept, indent=1) + "\n")
