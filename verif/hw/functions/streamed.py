"""A unit between two streams."""

import numpy as np
from amaranth.hdl import Value

from verif.simulation import simulate

__all__ = ["streamed"]


def streamed(unit, payloads, *, results=None, ports=None, stalls=True) -> tuple[list[int], list[int]]:
    """Payloads, as bit patterns, that a unit makes of those of its stream ``i``, and the cycles they came in.

    ``results`` says how many there are, by default as many as payloads. Cycles count from the first payload
    offered. ``ports`` are values of its other inputs. ``stalls`` are random ones, on both sides.
    """
    rng = np.random.default_rng(0)
    results = len(payloads) if results is None else results
    found, cycles = [], []
    i, o = unit.i, unit.o

    async def drive(ctx):
        for name, value in (ports or {}).items():
            ctx.set(Value.cast(getattr(unit, name)), value)
        sent, waiting, offers, cycle = 0, None, False, 0
        while len(found) < results:
            offers = sent < len(payloads) and (offers or not stalls or rng.random() < 0.3)
            ctx.set(i.valid, offers)
            ctx.set(Value.cast(i.payload), int(payloads[sent]) if offers else 0)
            ctx.set(o.ready, int(not stalls or rng.random() < 0.3))
            valid, result = ctx.get(o.valid), ctx.get(Value.cast(o.payload))
            assert waiting is None or (valid and result == waiting), "a result waits unchanged"
            waiting = result if valid else None
            if valid and ctx.get(o.ready):
                found.append(result)
                cycles.append(cycle)
                waiting = None
            if offers and ctx.get(i.ready):
                sent, offers = sent + 1, False
            await ctx.tick()
            cycle += 1
            assert cycle < 1000 * (len(payloads) + 1), "no result comes"

    simulate(unit, drive)
    return found, cycles
