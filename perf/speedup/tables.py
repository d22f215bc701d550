"""The comparison as tables."""

from collections.abc import Iterable, Mapping, Sequence

from perf.rtx3090.baselines import BASELINES, Row
from perf.speedup.area import area_table
from perf.speedup.builds import REFERENCE, Build
from perf.speedup.comparison import Cell, Comparison
from perf.speedup.goals import goals_table
from perf.speedup.mixes import MIXES
from perf.speedup.quality import quality_table
from perf.speedup.table import Table
from perf.speedup.waterfall import STEPS, waterfall
from perf.workloads.models import published

__all__ = [
    "SHOWN",
    "baselines_table",
    "builds_table",
    "cells_table",
    "floats_table",
    "outside_table",
    "tables",
    "waterfall_table",
]

WAITS = {
    "busy": "BUSY",
    "fill": "FILL",
    "drain": "DRAIN",
    "unpacking": "LOADER_STALL",
    "reads": "READ_STALL",
    "writes": "WRITE_STALL",
}
"""What an engine does in its cycles, or waits for, and the counters of that."""

SHOWN = ("eager", "flash", "tensorrt", "w8a8")
"""Baselines of the columns of speedups."""


def tables(comparison: Comparison) -> list[Table]:
    """All of them."""
    builds = comparison.builds
    found = [builds_table(builds), area_table(builds)]
    for name in comparison.baselines:
        found += [baselines_table(name, comparison), cells_table(name, comparison)]
        found.append(floats_table(comparison.cells_of(network=name)))
        of_builds = (comparison.cells_of(network=name, build=build) for build in builds)
        found += [waterfall_table(cells) for cells in of_builds if cells]
    if cells := comparison.cells_of(build=REFERENCE):
        found.append(goals_table(cells, comparison.baselines))
    found.append(quality_table(comparison.mixes))
    return [*found, outside_table(comparison.baselines)]


def builds_table(builds: Mapping[str, Build]) -> Table:
    """Engines, and what stands behind their clocks."""
    rows = [
        (
            b.title,
            f"{b.engines}",
            f"{b.elements:,}",
            f"{b.clock_mhz:g} MHz ({b.clock_status})",
            b.clock_source,
        )
        for b in builds.values()
    ]
    head = ("build", "engines", "elements", "clock", "the clock is")
    return Table(title="Engines", head=head, rows=rows)


def baselines_table(network: str, comparison: Comparison) -> Table:
    """What an RTX 3090 takes for a step of a network."""
    rows = [
        (BASELINES[r.baseline], _range(1e3 * r.step.least, 1e3 * r.step.most), r.step.status)
        for r in comparison.baselines[network]
    ]
    return Table(title=published(network).title, head=("RTX 3090", "ms per step", ""), rows=rows)


def cells_table(network: str, comparison: Comparison) -> Table:
    """What engines take for it."""
    shown = {r.baseline: r for r in comparison.baselines[network] if r.baseline in SHOWN}
    columns = ("engine", "formats", "ms per step", "s per image", *WAITS, "to the limit", "GB per step")
    speedups = tuple(f"times {BASELINES[each]}" for each in shown)
    rows = [_cells(cell, shown) for cell in comparison.cells_of(network=network)]
    return Table(title="", head=(*columns, *speedups), rows=rows)


def floats_table(cells: Sequence[Cell]) -> Table:
    """Functions and norms in the engines beside those in a vector unit, of one network."""
    rows = []
    for cell in cells:
        found, seconds = cell.floats.seconds, cell.time.seconds
        least, most = (1e3 * each for each in found)
        rows.append(
            (
                cell.time.build.title,
                MIXES[cell.mix].title,
                f"{1e3 * seconds:,.2f}",
                f"{cell.time.bytes_moved / 1e9:.2f}",
                f"{_range(least, most, digits=2)} (A)",
                f"{cell.floats.bytes_moved / 1e9:.2f}",
                _range(found[0] / seconds, found[1] / seconds, digits=2),
            )
        )
    head: tuple[str, ...] = ("engine", "formats", "functions in line: ms per step", "GB per step")
    head += ("floats in memory: ms per step", "GB per step", "times as long")
    return Table(title="", head=head, rows=rows)


def waterfall_table(cells: list[Cell]) -> Table:
    """Where the cycles of one network on one build go, by formats."""
    found = [waterfall(cell) for cell in cells]
    rows = [(step, *(_part(steps[step], sum(steps.values())) for steps in found)) for step in STEPS]
    rows.append(("all", *(f"{sum(steps.values()):,}" for steps in found)))
    head = (f"cycles of a step, {cells[0].time.build.title}", *(MIXES[c.mix].title for c in cells))
    return Table(title="", head=head, rows=rows)


def outside_table(networks: Iterable[str]) -> Table:
    """What no engine does."""
    rows = []
    for name in networks:
        model = published(name)
        inside = sum(o.flops for o in model.step.products if o.layer.startswith("transformer_blocks."))
        once = ", ".join(f"{part} {work.flops / 1e12:.3f}" for part, work in model.outside.items())
        rows.append(
            (
                model.title,
                f"{(model.step.flops - inside) / 1e9:.2f}",
                f"{inside / model.step.flops:.2%}",
                once,
            )
        )
    head = ("network", "GFLOP per step outside the blocks", "in the blocks", "TFLOP once per image")
    return Table(title="Outside the engine", head=head, rows=rows)


def _cells(cell: Cell, shown: Mapping[str, Row]) -> tuple[str, ...]:
    time, build = cell.time, cell.time.build
    status = "C" if build.clock_status == "M" else build.clock_status
    return (
        build.title,
        MIXES[cell.mix].title,
        f"{1e3 * time.seconds:,.2f} ({status})",
        f"{cell.image_seconds:,.2f}",
        *(f"{time.counters[counter] / time.counters['CYCLES']:.0%}" for counter in WAITS.values()),
        f"{time.seconds / cell.limit:.2f}",
        f"{time.bytes_moved / 1e9:.2f}",
        *(_range(*cell.speedup(row), digits=2) for row in shown.values()),
    )


def _part(cycles: int, of: int) -> str:
    return f"{cycles:,} ({cycles / of:.1%})"


def _range(least: float, most: float, digits: int = 1) -> str:
    low, high = (f"{value:,.{digits if value >= 0.1 else 4}f}" for value in (least, most))
    return low if least == most else f"{low} to {high}"
