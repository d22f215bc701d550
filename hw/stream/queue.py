"""A queue in distributed memory."""

from amaranth.hdl import Module, Shape, Value
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Queue"]


class Queue(wiring.Component):
    """Payloads of ``i`` at ``o``, in order; up to ``depth`` wait.

    Latency one cycle, two if ``registered``; throughput one payload per cycle. Neither side's handshake
    depends on the other's within a cycle: ``o.valid`` says that something waits, ``i.ready`` that there is
    room.

    Parameters
    ----------
    shape:
        Shape of the payload.
    depth:
        Payloads that it holds: at least 2, or 3 if ``registered``. ``SkidBuffer`` is a queue of two.
    registered:
        Whether ``o.payload`` is a register; else it comes out of the memory, addressed in the same cycle.

    Members
    -------
    i: In(stream of shape); o: Out(stream of shape)
    level: Out(range(depth + 1)), payloads that wait

    Raises
    ------
    TypeError, ValueError
        ``shape`` is no shape, ``depth`` is not an integer or too small.
    """

    def __init__(self, *, shape, depth, registered=False):
        if not isinstance(depth, int) or isinstance(depth, bool):
            raise TypeError(f"depth must be an integer, not {depth!r}")
        least = 3 if registered else 2
        if depth < least:
            raise ValueError(
                f"depth must be at least {least}{' if registered' if registered else ''}, "
                f"so that the memory has an address, not {depth!r}"
            )
        self.shape = shape
        self.depth = depth
        self.registered = bool(registered)
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        kind = fifo.SyncFIFOBuffered if self.registered else fifo.SyncFIFO
        m.submodules.fifo = entries = kind(width=Shape.cast(self.shape).width, depth=self.depth)
        m.d.comb += [
            entries.w_data.eq(self.i.payload),
            entries.w_en.eq(self.i.valid),
            self.i.ready.eq(entries.w_rdy),
            Value.cast(self.o.payload).eq(entries.r_data),
            self.o.valid.eq(entries.r_rdy),
            entries.r_en.eq(self.o.ready),
            self.level.eq(entries.level),
        ]
        return m
