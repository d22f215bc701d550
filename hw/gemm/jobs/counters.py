"""Performance counters."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import COUNTERS
from hw.axi.line import FRAGMENT_BYTES

__all__ = ["Counters", "activity_layout"]


def activity_layout(geometry) -> data.StructLayout:
    """What the engine does in a cycle.

    ``passing``, and whether the blocks are MX9 (``a_mx9``, ``b_mx9``); ``tiles``: some are left to
    multiply; ``starved``: the next one's operands are not on chip, and none is on its way to the array;
    ``blocked``: results have nowhere to go. ``job_begins``, and the bytes that cross the bus.
    """
    return data.StructLayout(
        {
            "busy": 1,
            "passing": 1,
            "a_mx9": 1,
            "b_mx9": 1,
            "tiles": 1,
            "starved": 1,
            "blocked": 1,
            "job_begins": 1,
            "read": 1,
            "written": range(FRAGMENT_BYTES + 1),
        }
    )


class Counters(wiring.Component):
    """Counts cycles by what happened in them, see ``golden.engine.COUNTERS``.

    A cycle in which a job is in progress counts for the first of these that holds: the array takes a
    pass; nothing is left to multiply (drain); no pass of the job was made yet (fill); results are
    blocked; operands are missing; or, failing all, operands on chip are on their way.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    activity: In(``activity_layout``)
    clear: In(1)
    values: Out(32) x counters
    """

    def __init__(self, *, geometry):
        self._beat_bytes = geometry.beat_bytes
        super().__init__(
            {
                "activity": In(activity_layout(geometry)),
                "clear": In(1),
                "values": Out(32).array(len(COUNTERS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        now = Signal(self.activity.shape())
        m.d.sync += now.eq(self.activity)
        begun = Signal()
        with m.If(now.passing):
            m.d.sync += begun.eq(1)
        with m.If(now.job_begins | ~now.busy):
            m.d.sync += begun.eq(0)

        waiting = now.busy & ~now.passing
        left = waiting & now.tiles & begun
        steps = {
            "CYCLES": now.busy,
            "BUSY": now.busy & now.passing,
            "FILL": waiting & now.tiles & ~begun,
            "DRAIN": waiting & ~now.tiles,
            "LOADER_STALL": left & ~now.blocked & ~now.starved,
            "READ_STALL": left & ~now.blocked & now.starved,
            "WRITE_STALL": left & now.blocked,
            "PASSES_SINGLE": now.busy & now.passing & ~now.a_mx9 & ~now.b_mx9,
            "PASSES_DOUBLE": now.busy & now.passing & (now.a_mx9 ^ now.b_mx9),
            "PASSES_QUADRUPLE": now.busy & now.passing & now.a_mx9 & now.b_mx9,
        }
        amounts = {name: Signal(name=name.lower()) for name in steps}
        m.d.comb += [amounts[name].eq(step) for name, step in steps.items()]
        beats = Signal(range(self._beat_bytes + 1))
        m.d.comb += beats.eq(now.read * self._beat_bytes)
        amounts |= {"BYTES_READ": beats, "BYTES_WRITTEN": now.written}
        for name, value in zip(COUNTERS, self.values, strict=True):
            m.d.sync += value.eq(value + amounts[name])
            with m.If(self.clear):
                m.d.sync += value.eq(0)
        return m
