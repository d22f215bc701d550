"""The comparison as Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from perf.rtx3090.baselines import BASELINES, Row
from perf.speedup.builds import BUILDS
from perf.speedup.comparison import Cell, Comparison
from perf.speedup.mixes import MIXES
from perf.workloads.models import published

__all__ = ["markdown"]

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


def markdown(comparison: Comparison) -> str:
    """All tables, one behind the other."""
    networks = list(comparison.baselines)
    return "\n".join([_builds(), *(_network(name, comparison) for name in networks), _outside(networks)])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---" if n == 0 else "---:" for n in range(len(head))], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _builds() -> str:
    rows = [
        (
            b.title,
            f"{b.engines}",
            f"{b.elements:,}",
            f"{b.clock_mhz:g} MHz ({b.clock_status})",
            b.clock_source,
        )
        for b in BUILDS.values()
    ]
    return "### Engines\n\n" + _table(("build", "engines", "elements", "clock", "the clock is"), rows)


def _network(name: str, comparison: Comparison) -> str:
    rows = comparison.baselines[name]
    head = ("RTX 3090", "ms per step", "")
    of_gpu = [
        (BASELINES[r.baseline], _range(1e3 * r.step.least, 1e3 * r.step.most), r.step.status) for r in rows
    ]
    shown = {r.baseline: r for r in rows if r.baseline in SHOWN}
    of_engine = [_cells(cell, shown) for cell in comparison.cells if cell.network == name]
    columns = ("engine", "formats", "ms per step", "s per image", *WAITS, "to the limit", "GB per step")
    speedups = tuple(f"times {BASELINES[each]}" for each in shown)
    return (
        f"### {published(name).title}\n\n{_table(head, of_gpu)}\n{_table((*columns, *speedups), of_engine)}"
    )


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


def _range(least: float, most: float, digits: int = 1) -> str:
    low, high = (f"{value:,.{digits if value >= 0.1 else 4}f}" for value in (least, most))
    return low if least == most else f"{low} to {high}"


def _outside(networks: Iterable[str]) -> str:
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
    return "### Outside the engine\n\n" + _table(head, rows)
