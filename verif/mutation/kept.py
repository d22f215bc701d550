"""Results of a module, kept until its source, its mutants or its tests change."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from gen.files import write_text
from verif.mutation.campaign import Outcome, Run
from verif.mutation.site import Site
from verif.mutation.units import ROOT

__all__ = ["digest", "read_runs", "write_runs"]

_FILE = "mutants.json"


def digest(source: Path, count: int, tests: Sequence[str]) -> str:
    """What results hang on: a module's source, how many mutants, and the files of the tests that claim it."""
    state = hashlib.sha256(f"{count}".encode())
    for path in (source, *_files(tests)):
        state.update(path.read_bytes())
    return state.hexdigest()


def _files(tests: Sequence[str]) -> Iterator[Path]:
    for test in tests:
        path = ROOT / test.partition("::")[0]
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def read_runs(folder: Path, of: str) -> list[Run] | None:
    """Results in ``folder`` that hang on the digest ``of``; None without such."""
    try:
        kept = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return None
    if kept["digest"] != of:
        return None
    return [Run(Site(**run["site"]), Outcome(run["outcome"]), run["seconds"]) for run in kept["runs"]]


def write_runs(folder: Path, of: str, runs: Sequence[Run]) -> None:
    """Keep results that hang on the digest ``of`` in ``folder``."""
    figures = [asdict(run) | {"outcome": run.outcome.value} for run in runs]
    write_text(folder / _FILE, json.dumps({"digest": of, "runs": figures}, indent=1) + "\n")
