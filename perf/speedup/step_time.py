"""Cycles of a step: all blocks of a network on a build."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from golden.engine import COUNTERS
from mixdit.compiler.program import Program
from mixdit.compiler.program_run import ProgramRunner
from perf.cycles.port import CyclePort
from perf.speedup.blocks import network_blocks
from perf.speedup.builds import Build
from perf.speedup.mixes import Mix
from perf.speedup.shares import share_of
from perf.speedup.work import Work, products_of, work_of

__all__ = ["StepTime", "program_counters", "step_time"]


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """What the blocks of a network take in a step.

    Parameters
    ----------
    counters:
        The performance counters of the engine that has most to do, over all blocks.
    products:
        The same without its jobs that multiply nothing.
    work:
        What is multiplied.
    build:
        The engines.
    """

    counters: Mapping[str, int]
    products: Mapping[str, int]
    work: Work
    build: Build

    @property
    def seconds(self) -> float:
        """Of a step."""
        return self.counters["CYCLES"] / (self.build.clock_mhz * 1e6)

    @property
    def busy(self) -> float:
        """Share of cycles in which its arrays multiply blocks."""
        return self.counters["BUSY"] / self.counters["CYCLES"]

    @property
    def bytes_moved(self) -> int:
        """Of memory, all engines together, each as much as the one that has most to do."""
        return self.build.engines * (self.counters["BYTES_READ"] + self.counters["BYTES_WRITTEN"])


def step_time(network: str, mix: Mix, build: Build) -> StepTime:
    """Run a block of each kind of a network on the cycle model.

    Raises ``ValueError`` for a network that the compiler does not know.
    """
    blocks = network_blocks(network)
    counters, products = dict.fromkeys(COUNTERS, 0), dict.fromkeys(COUNTERS, 0)
    work = Work(shared=0, own=0, filled=0)
    for program, count in zip(blocks.programs(mix, build), blocks.counts, strict=True):
        share = share_of(program, build.engines)
        for total, run in ((counters, share), (products, replace(share, jobs=products_of(share)))):
            for name, value in program_counters(run, build).items():
                total[name] += count * value
        work += work_of(program, share) * count
    return StepTime(counters=counters, products=products, work=work, build=build)


def program_counters(program: Program, build: Build) -> dict[str, int]:
    """The counters of a program on an engine of a build, run once by one doorbell."""
    memory = program.memory
    size = -(-len(memory) // 64) * 64
    with CyclePort(program.parameters, size=size, origin=memory.start, memory=build.memory) as port:
        runner = ProgramRunner(program, port, float("inf"))
        runner.engine.clear_counters()
        runner.engine.wait(runner.engine.submit_list(program.list_address, len(program.jobs)))
        return dict(runner.engine.counters())
