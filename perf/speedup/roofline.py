"""Operations per byte and second of networks on a build, below what it can do."""

from collections.abc import Sequence

from golden.formats import BLOCK_SIZE
from perf.speedup.builds import Build
from perf.speedup.comparison import Cell
from perf.speedup.mixes import MIXES
from perf.speedup.svg import PALETTE, Drawing, LogAxis
from perf.workloads.models import published

__all__ = ["intensity", "roof", "roofline_chart"]

_WIDTH, _HEIGHT = 530, 400
_PASSES = {"MX6": 1, "MX9": 4}
"""Of a block, both operands in the format."""


def intensity(cell: Cell) -> float:
    """Operations of the network's products, two for each multiply-accumulate, per byte that is moved."""
    return 2 * cell.macs / cell.time.bytes_moved


def rate(cell: Cell) -> float:
    """Operations of the network's products per second."""
    return 2 * cell.macs / cell.time.seconds


def roof(build: Build, per_byte: float, passes: int = 1) -> float:
    """Most operations per second of a build, by operations per byte and passes of a block.

    All bytes share the bandwidth that reads have. The cycle model lets as many be written beside them: a
    point that writes much could lie above the roof.
    """
    peak = 2 * build.elements * BLOCK_SIZE * build.clock_mhz * 1e6 / passes
    return min(peak, per_byte * build.bandwidth)


def roofline_chart(cells: Sequence[Cell]) -> Drawing:
    """Every network and mix on one build."""
    build = cells[0].time.build
    found = Drawing(width=_WIDTH, height=_HEIGHT, title=f"{build.title}: roofline")
    across = LogAxis(least=30, most=1000, start=62, end=_WIDTH - 16)
    up = LogAxis(least=5, most=500, start=_HEIGHT - 48, end=74)
    found.text(62, 18, build.title, bold=True)
    networks = list(dict.fromkeys(cell.network for cell in cells))
    for n, network in enumerate(networks):
        found.mark(70 + 116 * n, 33, PALETTE[n])
        found.text(78 + 116 * n, 37, published(network).title, size=10.5)
    mixes = list(dict.fromkeys(cell.mix for cell in cells))
    for n, mix in enumerate(mixes):
        found.mark(70 + 116 * n, 51, "#777777", n)
        found.text(78 + 116 * n, 55, MIXES[mix].title, size=10.5)
    for value in (30, 100, 300, 1000):
        found.line(across(value), up(5), across(value), up(500))
        found.text(across(value), up(5) + 17, f"{value:g}", anchor="middle", size=11)
    for value in (5, 10, 50, 100, 500):
        found.line(across(30), up(value), across(1000), up(value))
        found.text(across(30) - 6, up(value) + 4, f"{value:g}", anchor="end", size=11)
    found.text((across(30) + across(1000)) / 2, _HEIGHT - 10, "operations per byte", anchor="middle")
    found.text(6, 68, "TOPS", size=11)
    for name, passes in _PASSES.items():
        peak = roof(build, 1e9, passes)
        ridge = min(max(30.0, peak / roof(build, 1.0)), 1000.0)
        found.line(across(ridge), up(peak / 1e12), across(1000), up(peak / 1e12), color="#333333", wide=1.5)
        found.text(
            across(1000), up(peak / 1e12) - 5, f"peak {name}: {peak / 1e12:.0f}", anchor="end", size=10.5
        )
        if name == "MX6" and ridge > 30:
            low = roof(build, 30) / 1e12
            found.line(across(30), up(low), across(ridge), up(peak / 1e12), color="#333333", wide=1.5)
    for cell in cells:
        note = f"{published(cell.network).title}, {MIXES[cell.mix].title}: {rate(cell) / 1e12:.1f} TOPS"
        place = across(intensity(cell)), up(rate(cell) / 1e12)
        found.mark(*place, PALETTE[networks.index(cell.network)], mixes.index(cell.mix), note)
    return found
