"""The performance counters: each cycle counts once, for the first of its causes."""

import numpy as np
import pytest

from golden.engine import COUNTERS, EngineParameters
from golden.engine.registers import PASSES, STALLS
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.counters import Counters
from verif.runner import seed
from verif.simulation import simulate

PARAMETERS = EngineParameters(k_blocks=4, data_bits=256)

CAUSES = ("busy", "passing", "a_mx9", "b_mx9", "tiles", "starved", "blocked", "job_begins", "read")


def counted(begun, now):
    """What a cycle adds to each counter, by the docstring of ``Counters``."""
    add = dict.fromkeys(COUNTERS, 0)
    add["BYTES_READ"] = now["read"] * PARAMETERS.data_bits // 8
    add["BYTES_WRITTEN"] = now["written"]
    if not now["busy"]:
        return add
    add["CYCLES"] = 1
    if now["passing"]:
        cause = "BUSY"
        add[PASSES[now["a_mx9"] + now["b_mx9"]]] = 1
    elif not now["tiles"]:
        cause = "DRAIN"
    elif not begun:
        cause = "FILL"
    elif now["blocked"]:
        cause = "WRITE_STALL"
    else:
        cause = "READ_STALL" if now["starved"] else "LOADER_STALL"
    add[cause] = 1
    return add


@pytest.mark.parametrize("chance", [0.3, 0.7])
def test_random_activity(chance):
    rng = np.random.default_rng([seed(), int(10 * chance)])
    design = Counters(geometry=Geometry(PARAMETERS))
    totals = []

    async def drive(ctx):
        expected, begun, before, cleared = dict.fromkeys(COUNTERS, 0), 0, None, 0
        for n in range(3000):
            now = {name: int(rng.random() < chance) for name in CAUSES}
            now["busy"] = int(rng.random() < 0.9)
            now["written"] = int(rng.integers(0, 33)) if rng.random() < 0.2 else 0
            now["job_begins"] &= int(rng.random() < 0.2)
            clear = int(n % 1500 == 1400)
            ctx.set(design.activity, now)
            ctx.set(design.clear, clear)
            await ctx.tick()
            # A cycle's activity counts one cycle later.
            if before:
                add = counted(begun, before)
                expected = {name: 0 if clear else expected[name] + add[name] for name in COUNTERS}
                cleared += clear
                begun = (begun or before["passing"]) and before["busy"] and not before["job_begins"]
            before = now
            assert [ctx.get(value) for value in design.values] == list(expected.values())
            if clear:
                totals.append(expected)
        totals.append(expected)
        assert cleared == 2

    simulate(design, drive)
    final = totals[-1]
    assert final["CYCLES"] == sum(final[name] for name in STALLS)
    assert final["BUSY"] == sum(final[name] for name in PASSES)


def test_wraps():
    """Each counter wraps at 2**32; they start at 0."""
    design = Counters(geometry=Geometry(PARAMETERS))

    async def drive(ctx):
        assert all(ctx.get(value) == 0 for value in design.values)
        ctx.set(design.values[list(COUNTERS).index("CYCLES")], (1 << 32) - 2)
        ctx.set(design.activity, {"busy": 1})
        await ctx.tick().repeat(4)
        assert ctx.get(design.values[list(COUNTERS).index("CYCLES")]) == 1

    simulate(design, drive)
