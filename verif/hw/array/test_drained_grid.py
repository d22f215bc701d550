"""The room that a grid promises: what has started always fits into its rings."""

import pytest

from hw.array.drained_grid import DrainedGrid
from verif.simulation import simulate

CYCLES = 400


@pytest.mark.parametrize("drain_rows", [1, 2, 4])
def test_no_tile_starts_without_room_for_its_rows(drain_rows):
    """Tiles of a pass start when they may, once in ``drain_rows`` cycles, and nothing leaves."""
    grid = DrainedGrid(
        rows=4, cols=1, drain_rows=drain_rows, k_blocks=4, fraction_bits=9, product_stages=1, reaction=8
    )
    depth = grid.depth
    rows = []

    async def start_tiles(ctx):
        since = drain_rows
        for _ in range(CYCLES):
            starts = ctx.get(grid.room) and since >= drain_rows
            ctx.set(grid.start, starts)
            rows.extend([1] * (drain_rows * starts))
            since = 1 if starts else since + 1
            await ctx.tick()

    simulate(grid, start_tiles)
    assert depth - 3 * drain_rows <= len(rows) <= depth
