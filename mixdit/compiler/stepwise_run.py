"""A program run again and again, step by step, on the golden engine and on another one beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.engine import REGISTERS
from mixdit.compiler.counted_port import CountedPort
from mixdit.compiler.program import Program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.driver import ModelPort, Port

__all__ = ["Step", "StepwiseRun"]

TIMEOUT = 3600.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an engine did in one step.

    Parameters
    ----------
    doorbells:
        How often the host rang.
    jobs:
        Jobs that the engine completed.
    cycles, busy:
        Clock cycles, and those in which the array took a pass; 0 of the golden engine, which has none.
    mismatches:
        Bytes of memory that differ from the golden engine's behind the step.
    """

    doorbells: int
    jobs: int
    cycles: int = 0
    busy: int = 0
    mismatches: int = 0


class StepwiseRun:
    """Tokens from the golden engine, or from another one that is compared with it.

    Parameters
    ----------
    program:
        What to run.
    port:
        The other engine, with memory for the program that holds zeros; None to run on golden alone.

    Attributes
    ----------
    steps: list[Step]
        One for each call.
    """

    def __init__(self, program: Program, port: Port | None = None) -> None:
        self.steps: list[Step] = []
        memory = program.memory
        self._compared = memory.start, -(-len(memory) // 64) * 64
        start, size = self._compared
        golden = CountedPort(ModelPort(program.parameters, size, start))
        self._golden = self._shown = ProgramRunner(program, golden)
        self._port, self._others = golden, port is not None
        if port is not None:
            self._port = CountedPort(port)
            self._shown = ProgramRunner(program, self._port, TIMEOUT)

    def __call__(self, tokens: NDArray[np.float32], condition: NDArray[np.float32]) -> NDArray[np.float32]:
        """Tokens behind the blocks, those of the other engine if there is one: see `ProgramRunner`."""
        counted, done, rung = {"CYCLES": 0, "BUSY": 0}, self._jobs_done(), self._port.doorbells
        if self._others:
            self._golden(tokens, condition)
            self._shown.engine.clear_counters()
        values = self._shown(tokens, condition)
        mismatches = 0
        if self._others:
            counted = self._shown.engine.counters()
            left, right = (r.engine.port.read_memory(*self._compared) for r in (self._golden, self._shown))
            mismatches = int(np.count_nonzero(left != right))
        self.steps.append(
            Step(
                doorbells=self._port.doorbells - rung,
                jobs=(self._jobs_done() - done) & 0xFFFFFFFF,
                cycles=counted["CYCLES"],
                busy=counted["BUSY"],
                mismatches=mismatches,
            )
        )
        return values

    def _jobs_done(self) -> int:
        return self._port.read32(REGISTERS["JOBS_DONE"].offset)
