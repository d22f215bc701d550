"""Where cycles go: from every element multiplying in every cycle to what a step takes."""

from itertools import pairwise

from golden.formats import BLOCK_SIZE
from perf.speedup.comparison import Cell

__all__ = ["STEPS", "waterfall"]

STEPS = {
    "limit": "all elements multiply in every cycle, in MX6",
    "padding": "heads filled up to blocks of 16 channels, and softmax's sums",
    "shares": "the engine that has most to do has more than its share",
    "blocks of K": "K filled up to blocks of 16",
    "partial tiles": "tiles of the array that the result does not fill",
    "MX9": "two or four passes of a block instead of one",
    "fill": "until a job's first pass",
    "drain": "from a job's last pass until its result is in memory",
    "unpacking": "operands are on their way within the chip",
    "reads": "operands are on their way from memory",
    "writes": "results cannot leave",
    "row jobs": "norms, softmax's divisions and permutations that products do not hide",
}
"""The steps in their order, and what each is."""

_WAITS = ("FILL", "DRAIN", "LOADER_STALL", "READ_STALL", "WRITE_STALL")


def waterfall(cell: Cell) -> dict[str, int]:
    """Cycles of each of `STEPS`; their sum is exactly what the cell takes.

    The first five follow from sizes, MX9 from the counters of passes, waits are those of the products by
    themselves, and row jobs are what the whole takes longer than these. Where a row job and products run
    beside each other, its cycles are theirs.
    """
    time, build = cell.time, cell.time.build
    products, whole = time.products, time.counters["CYCLES"]
    rate = build.elements * BLOCK_SIZE
    cycles = [
        0,  # parts of a cycle belong to the step behind them
        cell.macs // rate,
        time.work.shared // rate,
        time.work.own * build.engines // rate,
        time.work.filled * build.engines // rate,
        sum(products[f"PASSES_{name}"] // passes for name, passes in _PASSES.items()),
        products["BUSY"],
    ]
    for name in _WAITS:
        cycles.append(cycles[-1] + products[name])
    cycles.append(whole)
    return {step: after - before for step, (before, after) in zip(STEPS, pairwise(cycles), strict=True)}


_PASSES = {"SINGLE": 1, "DOUBLE": 2, "QUADRUPLE": 4}
"""Passes of a block, by counter."""
