"""Mutants run one by one: each in a process of its own, against the tests that claim its module."""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from verif.mutation.imports import rewritten_imports
from verif.mutation.runtime import NUMBER, PLACED
from verif.mutation.site import Site
from verif.mutation.verilog import switched_verilog

__all__ = ["BlindTestsError", "FailingTestsError", "Outcome", "Run", "run_mutants"]

_PATIENCE, _LEAST_SECONDS = 5, 20
"""Times as long as without a mutant that a run may take, and seconds at least: a mutant may hang a bench."""

_MARKS = "not netlist and not engine and not sweep"
"""As ``make test``; where every test is named by itself, they run whatever their mark."""


class FailingTestsError(Exception):
    """Tests fail without a mutant, so that they say nothing about mutants."""


class BlindTestsError(Exception):
    """No design that the tests build has any of the mutants."""


class Outcome(Enum):
    """What tests made of a mutant."""

    KILLED = "killed"
    HUNG = "killed, by the clock"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Run:
    """A mutant that was run: ``outcome`` after so many ``seconds``."""

    site: Site
    outcome: Outcome
    seconds: float


def run_mutants(
    sites: Sequence[Site], tests: Sequence[str], folder: Path, draw: Callable[[list[Site]], list[Site]] = list
) -> Iterator[Run]:
    """Run the tests with some of these mutants, which are all in one build.

    Parameters
    ----------
    sites:
        At most 65,535.
    tests:
        What pytest takes.
    folder:
        Where what the tests print goes, a file for each mutant.
    draw:
        Which ones, of those that are in a design of the tests.

    Raises
    ------
    FailingTestsError
        The tests fail without a mutant.
    BlindTestsError
        No mutant is in a design of theirs.
    """
    numbered = dict(enumerate(sites, start=1))
    folder.mkdir(parents=True, exist_ok=True)
    placed = folder / "placed.json"
    outcome, usual = _run(0, numbered, tests, folder / "0.log", None, placed)
    if outcome is not Outcome.SURVIVED:
        raise FailingTestsError(f"{' '.join(tests)} fails without a mutant: see {folder / '0.log'}")
    limit = max(_LEAST_SECONDS, _PATIENCE * usual)
    numbers = {numbered[number]: number for number in json.loads(placed.read_text())}
    if not numbers:
        raise BlindTestsError(f"{' '.join(tests)}: no design has any of {len(sites)} mutants")
    for site in draw(list(numbers)):
        log = folder / f"{numbers[site]}.log"
        outcome, seconds = _run(numbers[site], numbered, tests, log, limit)
        yield Run(site, outcome, seconds)


def _run(
    number: int,
    numbered: Mapping[int, Site],
    tests: Sequence[str],
    log: Path,
    limit: float | None,
    placed: Path | None = None,
) -> tuple[Outcome, float]:
    start = time.monotonic()
    child = os.fork()
    if not child:
        os.setsid()  # with the simulators that it starts
        _test(number, numbered, tests, log, placed)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        seconds = time.monotonic() - start
        if done:
            code = os.waitstatus_to_exitcode(status)
            return (Outcome.KILLED if code else Outcome.SURVIVED), seconds
        if limit is not None and seconds > limit:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Outcome.HUNG, seconds
        time.sleep(0.02)


def _test(
    number: int, numbered: Mapping[int, Site], tests: Sequence[str], log: Path, placed: Path | None
) -> None:
    """In a child: ends the process, with 0 where all tests passed; writes which mutants are ``placed``."""
    code = 70
    try:
        with open(log, "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.environ[NUMBER] = str(number)
        os.environ["COCOTB_MAX_FAILURES"] = "1"  # as pytest's -x
        rewritten_imports(numbered)
        switched_verilog()
        options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--tb=line"]
        if not all("::" in str(test) for test in tests):
            options += ["-m", _MARKS]
        code = int(pytest.main([*options, *tests]))
        if placed:
            placed.write_text(json.dumps(sorted(PLACED)))
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)
