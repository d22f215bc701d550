"""What an array tells of itself in every cycle: its passes, their formats, and where tiles end."""

from collections import Counter

import numpy as np
import pytest
from amaranth.hdl import Value

from golden import MX9, format_codes, slots
from hw.array.array import Array
from verif.hw.array.operands import operands
from verif.simulation import simulate

BLOCKS = (1, 4, 2, 3, 4, 2)
"""Of each tile along K."""


@pytest.mark.parametrize("kinds", [("MX6", "MX6"), ("MX9", "MX4"), ("MX6", "MX9"), ("MX9", "MX9")])
def test_every_pass_and_tile_is_told(kinds):
    """Without results: shared modules are not simulated here, but so few tiles have room in their rings."""
    array = Array(rows=1, cols=1, drain_rows=1, k_blocks=4)
    rng = np.random.default_rng(1)
    tiles = [operands(rng, (1, 1, blocks), kinds, "ordinary") for blocks in BLOCKS]
    codes = tuple(int(format_codes(operand)[0]) for operand in tiles[0])
    passes_of_block = 2 ** codes.count(MX9.code)
    found, ends = Counter(), []

    async def send(ctx, port, side):
        for tile in tiles:
            data, last = slots(tile[side]), len(format_codes(tile[side])) - 1
            for k, code in enumerate(format_codes(tile[side])):
                ctx.set(Value.cast(port.p.data), int.from_bytes(data[:, k].tobytes(), "little"))
                ctx.set(Value.cast(port.p.user), int(code))
                ctx.set(port.p.last, k == last)
                ctx.set(port.valid, 1)
                await ctx.tick().until(port.ready)
                ctx.set(port.valid, 0)

    async def send_a(ctx):
        await send(ctx, array.a, 0)

    async def send_b(ctx):
        await send(ctx, array.b, 1)

    async def look(ctx):
        activity = array.activity.p
        for _ in range(200):
            if ctx.get(activity.passing):
                found[tuple(ctx.get(Value.cast(code)) for code in (activity.a, activity.b))] += 1
            if ctx.get(activity.tile_ends):
                ends.append(found.total())
            await ctx.tick()
        assert ctx.get(activity.room)

    simulate(array, look, background=[send_a, send_b])
    assert found == {codes: passes_of_block * sum(BLOCKS)}
    assert ends == (passes_of_block * np.cumsum(BLOCKS)).tolist()
