"""Engines beside the baselines, network by network."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from golden.formats import BLOCK_SIZE
from perf.rtx3090.baselines import BASELINES, Row, row
from perf.speedup.blocks import NETWORKS
from perf.speedup.builds import BUILDS, Build
from perf.speedup.mixes import MIXES
from perf.speedup.step_time import StepTime, floats_time, step_time
from perf.speedup.vector_unit import FloatsTime
from perf.workloads.models import published

__all__ = ["Cell", "Comparison", "compare", "run_cell"]

Progress = Callable[[str], None]
"""Called with what is done."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A network in a mix of formats on a build.

    Parameters
    ----------
    network, mix, build:
        Names.
    time:
        Of the blocks in a step.
    floats:
        Of the same with functions and norms in a vector unit.
    macs:
        Multiply-accumulates of the blocks in a step.
    """

    network: str
    mix: str
    build: str
    time: StepTime
    floats: FloatsTime
    macs: int

    @property
    def key(self) -> tuple[int, int, int]:
        """Its place among all cells."""
        return NETWORKS.index(self.network), list(BUILDS).index(self.build), list(MIXES).index(self.mix)

    @property
    def image_seconds(self) -> float:
        """Of all steps of an image."""
        return published(self.network).image.steps * self.time.seconds

    @property
    def limit(self) -> float:
        """Seconds of a step if every element multiplied in every cycle, all in MX6."""
        build = self.time.build
        return self.macs / (build.elements * BLOCK_SIZE * build.clock_mhz * 1e6)

    def speedup(self, baseline: Row) -> tuple[float, float]:
        """Times that the baseline takes as long, the least and the most."""
        return baseline.step.least / self.time.seconds, baseline.step.most / self.time.seconds


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Cells, and the baselines of their networks."""

    cells: list[Cell]
    baselines: dict[str, list[Row]]

    @property
    def builds(self) -> dict[str, Build]:
        """Those that there are cells of, by name."""
        return {cell.build: cell.time.build for cell in self.cells}

    @property
    def mixes(self) -> list[str]:
        """Those that there are cells of."""
        return list(dict.fromkeys(cell.mix for cell in self.cells))

    def cells_of(self, *, network: str | None = None, build: str | None = None) -> list[Cell]:
        """Those of a network, of a build, or of one on the other."""
        return [
            cell for cell in self.cells if network in (None, cell.network) and build in (None, cell.build)
        ]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Self:
        """These cells with the baselines of their networks."""
        networks = dict.fromkeys(cell.network for cell in cells)
        baselines = {name: [row(name, baseline) for baseline in BASELINES] for name in networks}
        return cls(cells=list(cells), baselines=baselines)


def compare(
    networks: Iterable[str] = NETWORKS,
    builds: Mapping[str, Build] = BUILDS,
    mixes: Iterable[str] = tuple(MIXES),
    progress: Progress = lambda done: None,
    known: Iterable[Cell] = (),
    keep: Callable[[Cell], None] = lambda cell: None,
) -> Comparison:
    """Every network in every mix on every build.

    Parameters
    ----------
    networks, mixes:
        Names.
    builds:
        By name.
    progress:
        Called for each cell that was run.
    known:
        Cells that need not be run again, if they are of these builds. Others are left out.
    keep:
        Called with each cell that was run, before the next one is.

    Raises
    ------
    ValueError
        For names that there are not.
    """
    networks, mixes = list(networks), list(mixes)
    for what, names, there in (("network", networks, NETWORKS), ("mix", mixes, MIXES)):
        for name in names:
            if name not in there:
                raise ValueError(f"{what} must be one of {', '.join(there)}, not {name!r}")
    found = {(cell.network, cell.build, cell.mix): cell for cell in known}
    cells = []
    for network in networks:
        for name, build in builds.items():
            for mix in mixes:
                cell = found.get((network, name, mix))
                if cell is None or cell.time.build != build:
                    cell = run_cell(network, name, build, mix, progress)
                    keep(cell)
                cells.append(cell)
    return Comparison.of(cells)


def run_cell(network: str, name: str, build: Build, mix: str, progress: Progress = lambda done: None) -> Cell:
    """A cell, cycle by cycle, on a build of this ``name``."""
    asked = network, MIXES[mix], build
    cell = Cell(
        network=network,
        mix=mix,
        build=name,
        time=step_time(*asked),
        floats=floats_time(*asked),
        macs=_block_macs(network),
    )
    progress(f"{network}, {name}, {mix}")
    return cell


@cache
def _block_macs(network: str) -> int:
    """Of the products in the blocks: the rest of the step is outside the engine, in a row of its own."""
    products = published(network).step.products
    return sum(o.product.macs for o in products if o.product and o.layer.startswith("transformer_blocks."))
