"""What to read from memory, and when."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.read_master import read_command_layout
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.jobs.job import OperandSide, job_layout
from hw.gemm.operands.operand_reader import OperandReader, row_tag_layout
from hw.stream.skid_buffer import SkidBuffer

__all__ = ["OperandFetch"]


class OperandFetch(wiring.Component):
    """Commands the reads of A and of B, each as soon as there is a free slot for it.

    Where both could go on, that one does whose tile the tile loop needs first; where this one waits for
    a slot, the other one reads ahead, also of the next job.

    Throughput one row per cycle.

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
        self._job = job_layout(geometry)
        self._command = read_command_layout(
            address_bits=geometry.address_bits, most_bytes=geometry.most_bytes, tag=row_tag_layout(geometry)
        )
        super().__init__(
            {
                "job": In(stream.Signature(self._job)),
                "job_started": Out(stream.Signature(self._job)),
                "command": Out(stream.Signature(self._command)),
                "released": In(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        job = Signal(self._job, reset_less=True)
        m.submodules.a_reader = a = OperandReader(geometry=self.geometry, side=OperandSide.A)
        m.submodules.b_reader = b = OperandReader(geometry=self.geometry, side=OperandSide.B)
        a_begun, b_begun = self._hand_out_job(m, job, a, b)
        b_first = self._needed_first(m, job, a, b, a_begun, b_begun)

        # Addresses are sums, and a choice is made among all who read: not both in one cycle. The register is
        # behind the choice: in front of it, the last rows of a tile that was met would wait for the other
        # side's reading ahead.
        m.submodules.chosen_command = command = SkidBuffer(shape=self._command)
        wiring.connect(m, command.o, wiring.flipped(self.command))
        b_chosen = Signal()
        m.d.comb += [
            b_chosen.eq(b.command.valid & (b_first | ~a.command.valid)),
            command.i.valid.eq(a.command.valid | b.command.valid),
            command.i.p.eq(Mux(b_chosen, b.command.p.as_value(), a.command.p.as_value())),
            a.command.ready.eq(command.i.ready & ~b_chosen),
            b.command.ready.eq(command.i.ready & b_chosen),
            a.released.eq(self.released[0]),
            b.released.eq(self.released[1]),
        ]
        return m

    def _hand_out_job(self, m, job, a, b):
        """The job waits for both sides and for the tile loop; which of the sides have begun it already."""
        present = Signal()
        targets = (a.job, b.job, self.job_started)
        taken = Signal(len(targets))
        takes = Cat(to.valid & to.ready for to in targets)
        m.d.comb += [
            *(to.valid.eq(present & ~taken[n]) for n, to in enumerate(targets)),
            self.job.ready.eq(~present),
            self.job_started.p.eq(job),
        ]
        m.d.sync += taken.eq(taken | takes)
        with m.If((taken | takes).all()):
            m.d.sync += [present.eq(0), taken.eq(0)]
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += [present.eq(1), job.eq(self.job.p)]
        for to, operand, other, stationary in (
            (a.job.p, job.a, job.b, ~job.keep_b),
            (b.job.p, job.b, job.a, job.keep_b),
        ):
            m.d.comb += [
                to.operand.eq(operand),
                to.stationary.eq(stationary),
                to.other_rows.eq(other.rows),
                *(
                    getattr(to, name).eq(getattr(job, name))
                    for name in ("k_blocks", "stride", "group", "resident")
                ),
            ]
        return taken[0], taken[1]

    def _needed_first(self, m, job, a, b, a_begun, b_begun):
        """Whether B is needed before A: the side in the earlier job, then the one met less often, then V."""
        most = max(self.geometry.slots) << MOST_STRIDE
        met_ahead = Signal(range(-2 * most, 2 * most))  # how much more often B was met than A
        b_moves, b_first = Signal(), Signal()
        m.d.sync += met_ahead.eq(met_ahead + b.met - a.met)
        with m.If(b.job.valid & b.job.ready):
            m.d.sync += b_moves.eq(~job.keep_b)
        with m.If(a_begun ^ b_begun):
            m.d.sync += b_first.eq(a_begun)
        with m.Else():
            m.d.sync += b_first.eq((met_ahead < 0) | ((met_ahead == 0) & b_moves))
        return b_first
