"""When products are told to be done, in an engine with row jobs."""

import random

from golden.engine import EngineParameters
from hw.gemm.geometry import Geometry
from hw.gemm.results.result_dispatch import ResultDispatch
from verif.simulation import simulate

PARAMETERS = EngineParameters(rows=4, cols=8, k_blocks=4, reorder_columns=16)


def test_products_end_only_when_they_are_the_oldest():
    """The next one's commands are given meanwhile, those of the one behind that are not."""
    dispatch, rng = ResultDispatch(geometry=Geometry(PARAMETERS)), random.Random(1)
    top, command = dispatch.results, dispatch.commands[0]
    seen = {"done": 0, "held": 0, "given": 0}

    async def drive(ctx):
        for port in (dispatch.carried_out, dispatch.sent, command.ready):
            ctx.set(port, 1)
        ctx.set(dispatch.ended, 0b11)
        given = done = begun = 0
        for _ in range(3000):
            may_end = int(rng.random() < 0.05)
            ctx.set(dispatch.may_end, may_end)
            if job := int(begun < done + 3 and rng.random() < 0.5):
                ctx.set(dispatch.job.p.row_step, 4)
                begun += 1
            ctx.set(dispatch.job.valid, job)
            ctx.set(top.valid, int(given < begun - job))
            ctx.set(top.p.rows, 3)
            ctx.set(top.p.job_first, 1)
            ctx.set(top.p.job_last, 1)
            job_done = ctx.get(dispatch.job_done)
            assert not job_done or may_end
            seen["done"] += job_done
            seen["held"] += given > done and not may_end
            seen["given"] += given == done + 2
            assert given <= done + 2
            given += ctx.get(top.valid & top.ready)
            done += job_done
            await ctx.tick()
        assert done <= given <= begun

    simulate(dispatch, drive)
    assert min(seen.values()) > 30, seen
