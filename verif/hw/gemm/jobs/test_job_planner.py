"""The division of the operand buffers."""

import pytest

from golden.engine import EngineParameters, least_group, stationary_group
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.job_planner import JobPlanner
from verif.simulation import simulate


@pytest.mark.parametrize(("k_blocks", "tiles"), [(8, 2), (10, 3), (2, 7), (72, 4), (8, 40)])
@pytest.mark.parametrize("keep_b", [False, True])
def test_group_fits(k_blocks, tiles, keep_b):
    parameters = EngineParameters(k_blocks=k_blocks, stationary_tiles=tiles)
    planner = JobPlanner(geometry=Geometry(parameters))

    async def drive(ctx):
        ctx.set(planner.keep_b, keep_b)
        for k in [*range(1, 3 * k_blocks), tiles * k_blocks, tiles * k_blocks + 1, 60000]:
            ctx.set(planner.k_blocks, k)
            ctx.set(planner.start, 1)
            await ctx.tick()
            ctx.set(planner.start, 0)
            await ctx.tick()
            while not ctx.get(planner.done):
                await ctx.tick()
            chunks = -(-k // k_blocks)
            stride = max(s for s in range(4) if s == 0 or k <= k_blocks >> s)
            slots = tiles << stride
            assert ctx.get(planner.stride) == stride
            assert ctx.get(planner.resident) == (chunks <= slots)
            group = ctx.get(planner.group)
            assert group == max(1, stationary_group(parameters, k, keep_b))
            fit = slots // chunks
            assert group == max(1, fit // 2 if fit // 2 >= least_group(parameters, keep_b) else fit)

    simulate(planner, drive)
