"""Results of a module, kept until its source, its mutants or its tests change."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from gen.files import write_text
from verif.mutation.campaign import Outcome, Run, run_mutants
from verif.mutation.find import find
from verif.mutation.site import Site
from verif.mutation.units import ROOT, claimed_by

__all__ = ["kept_runs", "runs_of", "sample"]

_FILE = "mutants.json"

_MODULE = re.compile(r"\bverif(?:\.\w+)+")


def sample(sites: list[Site], count: int) -> list[Site]:
    """So many of them, always the same."""
    drawn = sorted(sites, key=lambda site: hashlib.sha256(site.key.encode()).digest())
    return sorted(drawn[:count])


def runs_of(name: str, path: Path, count: int, folder: Path) -> list[Run]:
    """What became of ``count`` of a module's mutants, now or before, in ``folder``.

    Raises
    ------
    FailingTestsError
        Its tests fail without a mutant.
    """
    if (kept := kept_runs(name, path, count, folder)) is not None:
        return kept
    tests, runs = claimed_by(name), []
    state = _digest(path, count, tests)
    for run in run_mutants(find(name, path), tests, folder, partial(sample, count=count)):
        print(f"{run.outcome.value}, {run.seconds:.0f} s: line {run.site.line}, {run.site.key}", flush=True)
        runs.append(run)
    _write(folder, state, runs)
    return runs


def kept_runs(name: str, path: Path, count: int, folder: Path) -> list[Run] | None:
    """What became of them before; None if something has changed since, or nothing is kept in ``folder``."""
    return _read(folder, _digest(path, count, claimed_by(name)))


def _digest(source: Path, count: int, tests: Sequence[str]) -> str:
    """What results hang on: a module's source, how many mutants, its tests, what these name."""
    state = hashlib.sha256(repr((count, tests)).encode())
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


def _read(folder: Path, of: str) -> list[Run] | None:
    """Results in ``folder`` that hang on the digest ``of``; None without such."""
    try:
        kept = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return None
    if kept["digest"] != of:
        return None
    return [Run(Site(**run["site"]), Outcome(run["outcome"]), run["seconds"]) for run in kept["runs"]]


def _write(folder: Path, of: str, runs: Sequence[Run]) -> None:
    """Keep results that hang on the digest ``of`` in ``folder``."""
    figures = [asdict(run) | {"outcome": run.outcome.value} for run in runs]
    write_text(folder / _FILE, json.dumps({"digest": of, "runs": figures}, indent=1) + "\n")
