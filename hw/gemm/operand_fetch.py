"""What to read from memory, in the order in which the tile loop needs it."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.layouts import OperandSide, job_layout, row_tag_layout
from hw.gemm.operand_walker import OperandWalker
from hw.gemm.read_master import read_command_layout
from hw.gemm.slot_pointer import next_slot, slot_layout

__all__ = ["OperandFetch"]


class OperandFetch(wiring.Component):
    """Commands the reads of every tile of A and B as soon as there is a free slot for it.

    With S the stationary operand, V the other one::

        for each group of S:
            for each tile of V (of B: as many as make 16 columns):
                for each chunk of K:
                    read V's tile
                    if it is the first of V, or S is not resident:
                        read the group of S

    The next job is begun while the one before computes, and handed on to the tile loop.

    Latency some cycles per tile; throughput one row per cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    job: In(stream of ``job_layout``), given when it is safe to read
    job_started: Out(stream), the same for the tile loop
    command: Out(stream of ``read_command_layout``), tags ``row_tag_layout``
    released: In(2), a slot of A (bit 0), of B (bit 1) is free again
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        self.lanes = geometry.lanes
        self.b_tiles = geometry.b_tiles
        self.slots = geometry.slots
        self.k_blocks = geometry.k_blocks
        self._job = job_layout(geometry)
        self._command = read_command_layout(
            address_bits=geometry.address_bits, most_bytes=geometry.most_bytes, tag=row_tag_layout(geometry))
        super().__init__({
            "job": In(stream.Signature(self._job)),
            "job_started": Out(stream.Signature(self._job)),
            "command": Out(stream.Signature(self._command)),
            "released": In(2),
        })

    def elaborate(self, platform):
        m = Module()
        job = Signal(self._job, reset_less=True)
        walkers = []
        for name, operand in (("a", job.a), ("b", job.b)):
            m.submodules[name] = walker = OperandWalker(geometry=self.geometry)
            m.d.comb += [walker.operand.eq(operand), walker.blocks.eq(job.k_blocks)]
            walkers.append(walker)
        a, b = walkers

        # ``side`` is the operand being read: V first in every chunk.
        side, first_v, read_s, more, v_more, s_more, final = (
            Signal(name=name) for name in ("side", "first_v", "read_s", "more", "v_more", "s_more", "final"))
        v_side = Signal()
        m.d.comb += [
            v_side.eq(~job.keep_b),
            v_more.eq(Mux(v_side, b.more, a.more)),
            s_more.eq(Mux(v_side, a.more, b.more)),
            more.eq(Mux(side, b.more, a.more)),
            read_s.eq(first_v | ~job.resident),
        ]
        tiles_left = Signal(range((self.b_tiles << len(job.group)) + 1))
        lane = Signal(range(max(2, *self.lanes)))
        m.d.comb += final.eq(
            Mux(side, b.final, a.final) | (lane == Mux(side, self.lanes[1] - 1, self.lanes[0] - 1)))
        v_tiles = Mux(v_side, self.b_tiles, 1)
        s_tiles = Mux(v_side, job.group, job.group * self.b_tiles)

        def v(*signals):
            return [getattr(w, signal).eq(v_side == n) for n, w in enumerate(walkers) for signal in signals]

        def both(*signals):
            return [getattr(w, signal).eq(1) for w in walkers for signal in signals]

        begin, take, advance = Signal(), Signal(), Signal()
        slot, free, agree = self._slots(m, job, side, begin, take, advance)
        m.d.comb += self.job_started.p.eq(job)
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += self.job.ready.eq(1)
                with m.If(self.job.valid):
                    m.d.sync += job.eq(self.job.p)
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += self.job_started.valid.eq(agree)
                with m.If(self.job_started.ready & agree):
                    m.d.comb += [begin.eq(1), *both("start", "mark", "first_chunk")]
                    m.d.sync += first_v.eq(1)
                    m.next = "CHUNK"
            with m.State("CHUNK"):
                m.d.comb += v("rewind")
                with m.If(read_s):
                    m.d.comb += both("rewind")
                m.d.sync += [side.eq(v_side), tiles_left.eq(v_tiles)]
                m.next = "TILE"
            with m.State("TILE"):
                m.d.sync += lane.eq(0)
                with m.If(more & (tiles_left != 0)):
                    m.d.comb += take.eq(free)
                    with m.If(free):
                        m.next = "ROWS"
                with m.Elif((side == v_side) & read_s):
                    m.d.sync += [side.eq(~v_side), tiles_left.eq(s_tiles)]
                with m.Else():
                    m.next = "CHUNK_END"
            with m.State("ROWS"):
                m.d.comb += self.command.valid.eq(1)
                with m.If(self.command.ready):
                    m.d.comb += [a.step.eq(~side), b.step.eq(side), advance.eq(final)]
                    m.d.sync += lane.eq(lane + 1)
                    with m.If(final):
                        m.d.sync += tiles_left.eq(tiles_left - 1)
                        m.next = "TILE"
            with m.State("CHUNK_END"):
                m.next = "CHUNK"
                with m.If(~a.last_chunk):
                    m.d.comb += both("next_chunk")
                with m.Else():
                    m.d.comb += [*both("first_chunk"), *v("mark")]
                    m.d.sync += first_v.eq(0)
                    with m.If(~v_more):
                        m.d.comb += [*both("mark"), *v("start")]
                        m.d.sync += first_v.eq(1)
                        with m.If(~s_more):
                            m.next = "IDLE"

        command, tag = self.command.p, self.command.p.tag
        address = Signal.like(command.address)
        m.d.comb += [
            address.eq(Mux(side, b.address, a.address)),
            command.address.eq(address),
            command.bytes.eq(Mux(side, b.bytes, a.bytes)),
            tag.offset.eq(address),
            tag.leading.eq(Mux(side, b.leading, a.leading)),
            tag.blocks.eq(Mux(side, b.taken, a.taken)),
            tag.format.eq(Mux(side, job.b.format, job.a.format)),
            tag.operand.eq(Mux(side, OperandSide.B, OperandSide.A)),
            tag.lane.eq(lane),
            tag.address.eq(slot),
            tag.last.eq(final),
        ]
        return m

    def _slots(self, m, job, side, begin, take, advance):
        """Address of the next slot of ``side``, whether it is free, and whether ``job`` finds its stride.

        The number and size of slots change only when all of them are free.
        """
        stride = Signal.like(job.stride)
        pitch = Signal(range(self.k_blocks + 1))
        m.d.comb += pitch.eq(Const(self.k_blocks) >> stride)
        change = Signal()
        m.d.comb += change.eq(job.stride != stride)
        with m.If(begin):
            m.d.sync += stride.eq(job.stride)
        addresses, free, all_free = [], [], []
        for n, name in enumerate("ab"):
            most = self.slots[n] << MOST_STRIDE
            slot = Signal(slot_layout(slots=most, depth=self.geometry.depth[n]), name=f"{name}_slot")
            left = Signal(range(most + 1), name=f"{name}_free", init=self.slots[n])
            after = next_slot(m, f"{name}_after", slot, slots=Const(self.slots[n]) << stride, pitch=pitch)
            m.d.sync += left.eq(left - (take & (side == n)) + self.released[n])
            with m.If(advance & (side == n)):
                m.d.sync += slot.eq(after)
            with m.If(begin & change):
                m.d.sync += [slot.eq(0), left.eq(Const(self.slots[n]) << job.stride)]
            addresses.append(slot.address)
            free.append(left != 0)
            all_free.append(left == Const(self.slots[n]) << stride)
        agree = ~change | (all_free[0] & all_free[1])
        return Mux(side, *reversed(addresses)), Mux(side, *reversed(free)), agree
