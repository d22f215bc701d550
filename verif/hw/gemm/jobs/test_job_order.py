"""The order in which jobs are told to be done, whichever ends first."""

import random

from hw.gemm.jobs.job import MOST_BESIDE
from hw.gemm.jobs.job_order import JobOrder
from verif.simulation import simulate


def test_oldest_first():
    """Products and row jobs end in orders of their own, and are told of in that of their starts."""
    order, rng = JobOrder(), random.Random(1)
    under_way: list[list] = []  # of each job, the oldest first: whether it is a row job, whether it ended
    seen = {"waited": 0, "at once": 0, "product": 0, "full": 0, "start and end": 0}

    async def drive(ctx):
        for _ in range(4000):
            first = under_way[0] if under_way else None
            assert ctx.get(order.none) == (not under_way)
            assert ctx.get(order.product_first) == (first is not None and not first[0])
            row_done = first is not None and first[0] and first[1]
            assert ctx.get(order.row_done) == row_done
            product_done = first is not None and not first[0] and rng.random() < 0.3
            running = [job for job in under_way if job[0] and not job[1]]
            row_ends = bool(running) and rng.random() < 0.3
            done = row_done or product_done
            started = len(under_way) <= MOST_BESIDE and rng.random() < 0.5
            row = rng.random() < 0.5
            ctx.set(order.product_done, product_done)
            ctx.set(order.row_ends, row_ends)
            ctx.set(order.started, started)
            ctx.set(order.row, row)
            seen["full"] += len(under_way) > MOST_BESIDE
            seen["product"] += product_done
            seen["start and end"] += started and done
            if row_ends:
                running[0][1] = True
                seen["waited" if running[0] is not first else "at once"] += 1
            if done:
                under_way.pop(0)
            if started:
                under_way.append([row, False])
            await ctx.tick()

    simulate(order, drive)
    assert min(seen.values()) > 50, seen
