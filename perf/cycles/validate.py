"""The cycle model beside the simulated hardware: random jobs, and every counter of both.

Run ``python -m perf.cycles``; ``--engine`` and ``--memory`` choose, ``--seed`` and ``--jobs`` draw others.
Each engine is compiled once, a minute or more. Ends with 1 if a counter of a case differs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.engine import encode_list
from mixdit.driver.engine import Engine
from mixdit.driver.port import Port
from mixdit.sim import EngineHarness
from perf.cycles.cases import ENGINES, MEMORIES, Build, Case, random_case
from perf.cycles.port import CyclePort

__all__ = ["Comparison", "compare", "counters_of", "main"]

HELD_OUT_SEED = 20_000
"""Of cases that the model was not written by."""


@dataclass(frozen=True)
class Comparison:
    """The counters of a case, by name: of the simulated hardware, of the model. ``seconds`` of each."""

    engine: str
    memory: str
    case: Case
    hardware: dict[str, int]
    model: dict[str, int]
    seconds: tuple[float, float]

    @property
    def errors(self) -> dict[str, int]:
        """By how much the model's counters are too high, of those that differ."""
        differences = {name: self.model[name] - value for name, value in self.hardware.items()}
        return {name: difference for name, difference in differences.items() if difference}


def counters_of(port: Port, case: Case) -> dict[str, int]:
    """Run a case behind a port, from its first doorbell until all is done; the performance counters."""
    engine = Engine(port, timeout=float("inf"))
    for address, data in case.contents:
        port.write_memory(address, data)
    engine.clear_counters()
    if case.listed:
        port.write_memory(0, encode_list(case.descriptors, 0))
        engine.submit_list(0, len(case.descriptors))
    else:
        for descriptor in case.descriptors:
            engine.submit(descriptor)
    engine.wait()
    return engine.counters()


def compare(engine: str, build: Build, memory: str, case: Case) -> Comparison:
    """Run a case on the hardware and on the model."""
    behaviour, words, found, seconds = MEMORIES[memory], build.result_words, [], []
    ports: tuple[Callable[[], EngineHarness | CyclePort], ...] = (
        # These engines run for moments: what compiles fast is fast.
        lambda: EngineHarness(
            build.parameters, size=case.size, memory=behaviour, result_words=words, optimization="-O1"
        ),
        lambda: CyclePort(build.parameters, size=case.size, memory=behaviour, result_words=words),
    )
    for opened in ports:
        with opened() as port:
            start = time.perf_counter()
            found.append(counters_of(port, case))
            seconds.append(time.perf_counter() - start)
    return Comparison(engine, memory, case, found[0], found[1], (seconds[0], seconds[1]))


def comparisons(
    engines: Sequence[str], memories: Sequence[str], seed: int, jobs: int
) -> Iterator[Comparison]:
    """Cases of ``jobs`` jobs at least, of each engine with each memory."""
    for number, name in enumerate(engines):
        for memory in memories:
            rng, left = np.random.default_rng((seed, number, list(MEMORIES).index(memory))), jobs
            while left > 0:
                case = random_case(rng, ENGINES[name].parameters)
                left -= len(case.descriptors)
                yield compare(name, ENGINES[name], memory, case)


def _print(found: Sequence[Comparison], every: bool) -> None:
    table = Table(title="cycles of random jobs")
    for title in ("engine", "memory", "jobs"):
        table.add_column(title)
    for title in ("hardware", "model", "counters that differ"):
        table.add_column(title, justify="right")
    for c in found:
        if every or c.errors:
            errors = ", ".join(f"{name} {error:+d}" for name, error in c.errors.items())
            cycles = (f"{counters['CYCLES']:,}" for counters in (c.hardware, c.model))
            table.add_row(c.engine, c.memory, str(c.case), *cycles, errors)
    if table.row_count:
        Console(width=175).print(table)
    jobs = sum(len(c.case.descriptors) for c in found)
    wrong = sum(bool(c.errors) for c in found)
    hardware, model = (sum(c.seconds[n] for c in found) for n in range(2))
    print(f"{len(found)} cases, {jobs} jobs: {wrong} cases differ.", end=" ")
    print(f"Hardware {hardware:.1f} s, model {model:.1f} s, most of it the driver's.")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m perf.cycles", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="run this one (repeat)")
    parser.add_argument("--memory", action="append", choices=list(MEMORIES), help="run with it (repeat)")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED, help="of the jobs, from 0 on")
    parser.add_argument("--jobs", type=int, default=100, help="at least so many on each engine and memory")
    parser.add_argument("--failed", action="store_true", help="list only the cases that differ")
    options = parser.parse_args(arguments)
    if options.seed < 0:
        parser.error(f"--seed must be at least 0, not {options.seed}")
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, not {options.jobs}")
    found = list(
        comparisons(
            options.engine or list(ENGINES), options.memory or list(MEMORIES), options.seed, options.jobs
        )
    )
    if options.json:
        cases = [
            {
                "engine": c.engine,
                "memory": c.memory,
                "jobs": str(c.case),
                "hardware": c.hardware,
                "model": c.model,
                "errors": c.errors,
            }
            for c in found
        ]
        print(json.dumps({"seed": options.seed, "cases": cases}))
    else:
        _print(found, not options.failed)
    return int(any(c.errors for c in found))


if __name__ == "__main__":
    sys.exit(main())
