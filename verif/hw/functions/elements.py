"""A function's unit, an element per cycle."""

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Value

from verif.simulation import simulate

__all__ = ["results_of"]


def results_of(unit, held: Mapping[str, int] | None = None, **arguments) -> np.ndarray:
    """Bit patterns of the unit's results of bit patterns by the name of its inputs, one after the other.

    Inputs ``held`` have the same value all the time.
    """
    length = len(next(iter(arguments.values())))
    found = []

    async def drive(ctx):
        for name, value in (held or {}).items():
            ctx.set(Value.cast(getattr(unit, name)), value)
        for at in range(length + unit.latency):
            if at >= unit.latency:
                found.append(ctx.get(unit.o.as_value()))
            for name, patterns in arguments.items():
                ctx.set(getattr(unit, name).as_value(), int(patterns[at]) if at < length else 0x7FC00000)
            await ctx.tick()

    simulate(unit, drive)
    return np.array(found, np.uint32)
