"""``python -m verif.soak``: random jobs, faults and resets on random engines until the time is over."""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from mixdit.sim.waves import FROM_VARIABLE, VARIABLE
from verif.soak.cases import run_case
from verif.soak.designs import design
from verif.soak.report import entry, table
from verif.soak.soak import soak

__all__ = ["main"]

_CASE = re.compile(r"(\d+):(\d+)\.(\d+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what ``arguments`` ask for; 1 if a case fails."""
    options = _options(arguments)
    if options.replay:
        return _replay(options)
    log = Console(stderr=options.json, soft_wrap=True, markup=False, highlight=False)
    start = time.monotonic()
    found = soak(options.seed, options.minutes * 60, options.designs, options.cases, log)
    if options.json:
        print(json.dumps({"seed": options.seed, "designs": [entry(soaked) for soaked in found]}, indent=2))
    else:
        Console(width=max(Console().width, 120)).print(table(found))
        passed, run = time.monotonic() - start, sum(soaked.run_s for soaked in found)
        print(f"{passed / 60:.1f} minutes, {run / passed:.0%} of them in cases; the rest compiles engines")
    return int(any(soaked.failures for soaked in found))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verif.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all designs and cases (%(default)s)")
    parser.add_argument("--designs", type=int, help="end after so many designs")
    parser.add_argument("--cases", type=int, help="end a design after so many cases")
    parser.add_argument("--json", action="store_true", help="print every design instead of a table")
    parser.add_argument("--replay", metavar="SEED:DESIGN.CASE", help="run this one case alone")
    parser.add_argument("--wave", metavar="FILE", help="of the replay, record its waveform into FILE.vcd")
    parser.add_argument("--from", type=int, default=0, dest="first", help="record from this cycle on")
    options = parser.parse_args(arguments)
    for name, least in (("minutes", 0), ("seed", 0), ("first", 0), ("designs", 1), ("cases", 1)):
        value = getattr(options, name)
        if value is not None and value < least:
            parser.error(f"--{'from' if name == 'first' else name} must be at least {least}, not {value}")
    if options.replay and not _CASE.fullmatch(options.replay):
        parser.error(f"--replay must be SEED:DESIGN.CASE, such as 1:0.3, not {options.replay}")
    if options.wave and not options.replay:
        parser.error("--wave is of a --replay")
    return options


def _replay(options: argparse.Namespace) -> int:
    """Run one case again; 1 if it fails."""
    seed, number, case = map(int, _CASE.fullmatch(options.replay).groups())
    if options.wave:
        os.environ[VARIABLE] = options.wave.removesuffix(".vcd")
        os.environ[FROM_VARIABLE] = str(options.first)
    again = design(seed, number)
    print(
        f"case {options.replay}, on an engine that is compiled first unless it is there: {again}", flush=True
    )
    outcome = run_case(again, case)
    print(outcome.failure or "it is good")
    print(", ".join(f"{count:,} {name}" for name, count in outcome.counts.items()))
    if options.wave:
        stem = os.environ[VARIABLE]
        print(f"waveform: {stem}.vcd; to open it:\n\n    gtkwave {stem}.gtkw\n")
    return int(bool(outcome.failure))


if __name__ == "__main__":
    sys.exit(main())
