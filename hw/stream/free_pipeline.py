"""Register stages that never stop, between two packet streams with backpressure."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hw.stream.block_queue import BlockQueue
from hw.stream.free_stages import FreeStages
from hw.target.delay import delay

__all__ = ["FreePipeline"]


class FreePipeline(FreeStages):
    """The registers of a component that makes one beat of ``o`` from each beat of ``i``.

    To the component it is a ``Pipeline``, but for ``result``.

    No register waits for another, so that none has an enable: beats and gaps go through, and the beats
    to a queue in block memory, whose output is ``o``. ``i.ready``, a register, is low while the queue is
    filling: what is left of it has room for the beats in the stages, and what waits lasts until new
    ones arrive.

    Latency is ``latency_of(stages)`` cycles, throughput one beat per cycle, also after a stall.

    ``last`` is carried along; the component drives ``result.data`` and ``result.user`` from registers of the
    last stage.

    A component that ``gathers`` makes a beat of ``o`` from several of ``i``, of which ``taken`` says that one
    comes. It drives ``coming``, high in the cycle before its beat is in the last stage, and ``result.last``.

    Parameters
    ----------
    m:
        Module of the component: gets the registers, the queue and the handshake.
    i, o:
        Its streams, of ``packet_layout`` payloads.
    stages:
        Number of stages, or most beats of ``o`` that are under way where the component ``gathers``.
    gathers:
        Whether beats of ``o`` are made from several of ``i``.
    target:
        One of ``hw.target.targets.TARGETS``, for the queue.
    """

    compared = 4
    """Bits of the queue's addresses that tell how full it is."""

    def __init__(self, m: Module, *, i, o, stages, gathers=False, target="generic"):
        super().__init__(m)
        queue = BlockQueue(
            shape=o.p.shape(), depth=self.depth_of(stages), compared=self.compared, target=target
        )
        m.submodules.queue = queue
        ready, self.taken = Signal(name="ready", init=1), Signal(name="taken")
        self.result, self.coming = queue.data, queue.coming
        m.d.sync += ready.eq(~queue.filling)
        m.d.comb += [i.ready.eq(ready), self.taken.eq(i.valid & ready)]
        if not gathers:
            m.d.comb += [
                self.coming.eq(delay(m, "valid", self.taken, stages - 1, reset_less=False)),
                self.result.last.eq(self.carry(1, stages, "last", i.p.last)),
            ]
        wiring.connect(m, queue.o, wiring.flipped(o))

    @staticmethod
    def latency_of(stages):
        """Cycles from a beat of ``i`` to its beat of ``o``."""
        return stages + BlockQueue.latency

    @staticmethod
    def depth_of(stages):
        """Beats that the queue holds: in less than 7/16 of it those of the stages and one more."""
        return 1 << ((stages + 1) * 16 // 7).bit_length()

    @classmethod
    def capacity_of(cls, stages):
        """Fewest and most beats that are accepted while ``o`` stalls: gaps and addresses make the difference.

        Two wait in the queue's output, from over 7/16 to half of its depth behind these, and as many as there
        are stages and one come before ``i.ready`` is low.
        """
        depth = cls.depth_of(stages)
        return 2 + depth * 7 // 16 + 1, 2 + depth // 2 + stages + 1
