"""Engines beside the baselines, network by network."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from golden.formats import BLOCK_SIZE
from perf.rtx3090.baselines import BASELINES, Row, row
from perf.speedup.blocks import NETWORKS
from perf.speedup.builds import BUILDS, Build
from perf.speedup.mixes import MIXES
from perf.speedup.step_time import StepTime, step_time
from perf.workloads.models import published

__all__ = ["Cell", "Comparison", "compare"]

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
    macs:
        Multiply-accumulates of the blocks in a step.
    """

    network: str
    mix: str
    build: str
    time: StepTime
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
    """All cells, and the baselines of their networks."""

    cells: list[Cell]
    baselines: dict[str, list[Row]]

    def renewed(self, other: "Comparison") -> "Comparison":
        """The cells of both in the order of networks, builds and mixes; of ``other`` where both have one."""
        cells = {cell.key: cell for cell in (*self.cells, *other.cells)}
        baselines = {**self.baselines, **other.baselines}
        return Comparison(
            cells=[cells[key] for key in sorted(cells)],
            baselines={name: baselines[name] for name in NETWORKS if name in baselines},
        )


def compare(
    networks: Iterable[str] = NETWORKS,
    builds: Mapping[str, Build] = BUILDS,
    mixes: Iterable[str] = tuple(MIXES),
    progress: Progress = lambda done: None,
) -> Comparison:
    """Every network in every mix on every build. Raises ``ValueError`` for names that there are not."""
    networks, mixes = list(networks), list(mixes)
    for what, names, known in (
        ("network", networks, NETWORKS),
        ("mix", mixes, MIXES),
    ):
        for name in names:
            if name not in known:
                raise ValueError(f"{what} must be one of {', '.join(known)}, not {name!r}")
    cells, baselines = [], {}
    for network in networks:
        baselines[network] = [row(network, baseline) for baseline in BASELINES]
        macs = _block_macs(network)
        for name, build in builds.items():
            for mix in mixes:
                time = step_time(network, MIXES[mix], build)
                cells.append(Cell(network=network, mix=mix, build=name, time=time, macs=macs))
                progress(f"{network}, {name}, {mix}")
    return Comparison(cells=cells, baselines=baselines)


def _block_macs(network: str) -> int:
    """Of the products in the blocks: the rest of the step is outside the engine, in a row of its own."""
    products = published(network).step.products
    return sum(o.product.macs for o in products if o.product and o.layer.startswith("transformer_blocks."))
