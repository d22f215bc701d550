"""The performance counters of a compiled program, and of one job."""

from collections.abc import Callable

from golden.engine import Descriptor, EngineParameters
from mixdit.compiler.program import Program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.driver.engine import Engine
from mixdit.sim import HarnessError, Memory
from perf.cycles.port import DRAM, CyclePort

__all__ = ["job_counters", "program_counters"]

MOST_CYCLES = 1 << 32
"""Counters wrap there."""

_LINE = 64
"""Sizes of memories are multiples of so many bytes."""


def program_counters(program: Program, memory: Memory = DRAM, **widths: int) -> dict[str, int]:
    """What the counters show when a program has been run once by one doorbell.

    Parameters
    ----------
    program:
        Jobs, and the engine that they are for.
    memory:
        How it answers.
    widths:
        As `CyclePort` takes them: ``result_words``, ``adder_lanes``.

    Raises
    ------
    ValueError
        The engine cannot run it, or takes so many cycles that counters wrap.
    """
    place = program.memory
    with _port(program.parameters, len(place), memory, origin=place.start, **widths) as port:
        engine = ProgramRunner(program, port, float("inf")).engine
        return _counted(port, engine, lambda: engine.submit_list(program.list_address, len(program.jobs)))


def job_counters(
    parameters: EngineParameters, job: Descriptor, size: int, memory: Memory = DRAM, **widths: int
) -> dict[str, int]:
    """The same for a job that reads and writes the first ``size`` bytes of memory, on an engine."""
    with _port(parameters, size, memory, **widths) as port:
        engine = Engine(port, float("inf"))
        return _counted(port, engine, lambda: engine.submit(job))


def _port(parameters: EngineParameters, size: int, memory: Memory, **others: int) -> CyclePort:
    """A port that waits for as long as counters count."""
    return CyclePort(parameters, size=_whole_lines(size), memory=memory, patience=MOST_CYCLES, **others)


def _counted(port: CyclePort, engine: Engine, submit: Callable[[], int]) -> dict[str, int]:
    engine.clear_counters()
    try:
        engine.wait(submit())
        ended = port.cycles < MOST_CYCLES
    except HarnessError:
        ended = False
    if not ended:
        raise ValueError(f"it must take fewer than {MOST_CYCLES} cycles, not {port.cycles} or more")
    return dict(engine.counters())


def _whole_lines(size: int) -> int:
    return -(-size // _LINE) * _LINE
