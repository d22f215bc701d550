"""What is explored: designs with workloads, and what says all about them."""

from dataclasses import dataclass
from functools import cached_property

from perf.explore.design import Design

__all__ = ["Cycles", "Point", "Synthesis"]


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """What the cycle model says of a design, the same for all targets.

    Parameters
    ----------
    workload, mix:
        Names.
    engine:
        The design, but for the target.
    source:
        See `perf.explore.source`.
    """

    workload: str
    mix: str
    engine: Design
    source: str

    @property
    def name(self) -> str:
        """For people."""
        return f"cycles of {self.workload}, {self.mix}, {_size(self.engine)}"


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What synthesis says of a design, the same for all workloads.

    Parameters
    ----------
    design:
        All of it.
    family:
        Of `gen.synth.families.FAMILIES`.
    seeds:
        How many it is placed and routed with; 0 for Yosys alone.
    source:
        See `perf.explore.source`.
    """

    design: Design
    family: str
    seeds: int
    source: str

    @property
    def name(self) -> str:
        """For people."""
        placed = f", placed {self.seeds} times" if self.seeds else ""
        return f"synthesis for {self.family}{placed}, {_size(self.design)}"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A design with a workload; parameters as those of `Cycles` and `Synthesis`."""

    workload: str
    mix: str
    design: Design
    family: str
    seeds: int
    source: str

    @cached_property
    def cycles(self) -> Cycles:
        """Where its cycles stand."""
        engine = tuple(item for item in self.design if item[0] != "target")
        return Cycles(workload=self.workload, mix=self.mix, engine=engine, source=self.source)

    @cached_property
    def synthesis(self) -> Synthesis:
        """Where its size stands, and its clock if it is placed."""
        return Synthesis(design=self.design, family=self.family, seeds=self.seeds, source=self.source)


def _size(design: Design) -> str:
    values = dict(design)
    return f"{values['arrays']} of {values['rows']}x{values['cols']}"
