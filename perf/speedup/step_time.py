"""Cycles of a step: all blocks of a network on a build."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from golden.engine import COUNTERS
from mixdit.compiler.program import Program
from perf.speedup.blocks import network_blocks
from perf.speedup.builds import Build
from perf.speedup.mixes import Mix
from perf.speedup.program_counters import program_counters
from perf.speedup.shares import share_of
from perf.speedup.vector_unit import FloatsTime, VectorWork, without_functions
from perf.speedup.work import Work, products_of, work_of

__all__ = ["StepTime", "build_counters", "floats_time", "step_counters", "step_time"]


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
    counters, products = Counter[str](), Counter[str]()
    work = Work(shared=0, own=0, filled=0)
    for program, share, count in _shares(network, mix, build):
        counters += _times(build_counters(share, build), count)
        products += _times(build_counters(replace(share, jobs=products_of(share)), build), count)
        work += work_of(program, share) * count
    return StepTime(counters=_all(counters), products=_all(products), work=work, build=build)


def floats_time(network: str, mix: Mix, build: Build) -> FloatsTime:
    """The same with functions and norms in a vector unit; ValueError as `step_time`."""
    counters, work = Counter[str](), VectorWork()
    for _, share, count in _shares(network, mix, build):
        plain, done = without_functions(share)
        counters += _times(build_counters(plain, build), count)
        work += done * count
    return FloatsTime(counters=_all(counters), work=work, build=build)


def step_counters(
    network: str, mix: Mix, build: Build, prepare: Callable[[Program], Program], samples: int | None
) -> dict[str, int]:
    """The counters alone, of what ``prepare`` makes of an engine's jobs, for so many samples."""
    counters = Counter[str]()
    for _, share, count in _shares(network, mix, build, samples):
        counters += _times(build_counters(prepare(share), build), count)
    return _all(counters)


def _shares(
    network: str, mix: Mix, build: Build, samples: int | None = None
) -> Iterator[tuple[Program, Program, int]]:
    """The program of each kind of block, what one engine does of it, and how many such blocks there are."""
    blocks = network_blocks(network)
    programs = blocks.programs(mix, build.parameters(blocks.longest_row), samples)
    for program, count in zip(programs, blocks.counts, strict=True):
        yield program, share_of(program, build.engines), count


def _times(counters: Mapping[str, int], count: int) -> Counter[str]:
    return Counter({name: count * value for name, value in counters.items()})


def _all(counters: Counter[str]) -> dict[str, int]:
    """Zeros, too, which sums of counters leave out."""
    return {name: counters[name] for name in COUNTERS}


def build_counters(program: Program, build: Build) -> dict[str, int]:
    """The counters of a program on an engine of a build."""
    return program_counters(program, build.memory, result_words=build.result_words)
