"""Which job runs when, and what happens when something fails."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import ErrorCode
from hw.axi.read_master import bus_error_layout
from hw.axi.signatures import Response
from hw.gemm.jobs.control import status_layout
from hw.gemm.jobs.descriptor_check import checked_job_layout
from hw.gemm.jobs.job import MOST_BESIDE, job_layout
from hw.gemm.jobs.list_fetch import LIST_ADDRESS_BITS

__all__ = ["Supervisor"]


_BEHIND_QUEUE = MOST_BESIDE + 4
"""Jobs that can be behind the queue, under way, checked and being checked, and a list without one yet."""


class Mode(enum.Enum):
    """What the engine is doing. Stopping ends what is under way on the bus, clearing resets the rest."""

    RUNNING = 0
    STOPPING = 1
    CLEARING = 2
    STOPPED = 3


class Supervisor(wiring.Component):
    """Starts jobs, counts them, and stops the engine.

    A job may start while two before it run, unless it touches what one of them writes, a cycle after it is
    there. A faulty one takes effect when all before it are done. After an error or a soft reset the bus is
    left in peace: no access begins any more, those under way end, then ``clear`` resets everything but the
    registers.

    A list is done with its last job.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    checked: In(stream of ``checked_job_layout``)
    job: Out(stream of ``job_layout``)
    submitted, job_done: In(1), a descriptor was queued, a job's D is in memory
    list_begun: In(1), a list is to be fetched; list_done: Out(1), with ``job_done`` of its last job
    list_address: In(64), of an entry that may not lie there
    soft_reset: In(1)
    read_error, write_error: In(stream of ``bus_error_layout``), never stalled
    bad_permutation: In(1), that of the reorder job that is offered, and not taken; all before it are done
    bus_idle: In(1), no access to memory is under way
    stop, clear: Out(1)
    accepting, failed: Out(1); status: Out(``status_layout``)
    """

    def __init__(self, *, geometry):
        self._most_lists = geometry.parameters.queue_depth + _BEHIND_QUEUE
        error = stream.Signature(bus_error_layout(geometry.address_bits), always_ready=True)
        super().__init__(
            {
                "checked": In(stream.Signature(checked_job_layout(geometry))),
                "job": Out(stream.Signature(job_layout(geometry))),
                "submitted": In(1),
                "job_done": In(1),
                "list_begun": In(1),
                "list_done": Out(1),
                "list_address": In(LIST_ADDRESS_BITS),
                "soft_reset": In(1),
                "read_error": In(error),
                "write_error": In(error),
                "bad_permutation": In(1),
                "bus_idle": In(1),
                "stop": Out(1),
                "clear": Out(1),
                "accepting": Out(1),
                "failed": Out(1),
                "status": Out(status_layout()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        mode = Signal(Mode)
        running, resetting = Signal(), Signal()
        submitted, done, lists_done = counts = [
            Signal(32, name=name) for name in ("jobs_submitted", "jobs_done", "lists_done")
        ]
        lists = Signal(range(self._most_lists + 1))  # that are not complete
        under_way = Signal(range(MOST_BESIDE + 2))  # jobs that were started and are not done
        m.d.comb += [
            running.eq(mode == Mode.RUNNING),
            self.accepting.eq(running),
            self.clear.eq(mode == Mode.CLEARING),
        ]
        m.d.sync += [
            submitted.eq(submitted + self.submitted),
            done.eq(done + self.job_done),
            lists_done.eq(lists_done + self.list_done),
            lists.eq(lists + self.list_begun - self.list_done),
        ]
        fault = self._start_jobs(m, running, under_way)
        ends_list = self._find_list_ends(m, under_way)
        error = self._note_errors(m, running, fault)
        with m.If(self.soft_reset):
            m.d.sync += resetting.eq(1)
        self._change_mode(m, mode, error, resetting, (*counts, lists, ends_list), under_way)
        self._show_status(m, running, resetting, submitted, done)
        m.d.comb += [self.status.lists_done.eq(lists_done), self.status.list.eq((lists != 0) & running)]
        return m

    def _start_jobs(self, m, running, under_way):
        """Start a job where there is room for it and it need not wait; whether a faulty one takes effect."""
        checked = self.checked.p
        good, may_start = Signal(), Signal()
        # A cycle before it starts: what was once right stays right, as fewer jobs are under way.
        goes, refused = Signal(), Signal()
        m.d.comb += [
            good.eq(checked.fault == 0),
            may_start.eq((under_way == 0) | ((under_way <= checked.beside) & good)),
            self.job.p.eq(checked.job),
            self.job.valid.eq(goes & running),
            self.checked.ready.eq(self.job.valid & self.job.ready),
        ]
        waiting = self.checked.valid & ~self.checked.ready & running & may_start
        m.d.sync += [
            goes.eq(waiting & good),
            refused.eq(waiting & ~good),
            under_way.eq(under_way + (self.job.valid & self.job.ready) - self.job_done),
        ]
        return refused

    def _find_list_ends(self, m, under_way):
        """Tell when a list is done; which jobs under way end one, the oldest first."""
        begins = self.job.valid & self.job.ready
        ends_list, left = Signal(MOST_BESIDE + 1), Signal(MOST_BESIDE + 1)
        m.d.comb += [
            left.eq(ends_list >> self.job_done),
            self.list_done.eq(self.job_done & ends_list[0]),
        ]
        place = under_way - self.job_done
        added = begins & self.checked.p.ends_list
        m.d.sync += ends_list.eq(left | Cat(added & (place == n) for n in range(MOST_BESIDE + 1)))
        return ends_list

    def _note_errors(self, m, running, fault):
        """Keep the code and the address of an error; whether there is one."""
        status = self.status
        error = Signal()
        m.d.comb += error.eq(
            running & (fault | self.bad_permutation | self.read_error.valid | self.write_error.valid)
        )
        with m.If(error):
            m.d.sync += [
                status.code.eq(self.checked.p.fault),
                status.address.eq(Mux(self.checked.p.fault == ErrorCode.LIST, self.list_address, 0)),
                status.error.eq(1),
            ]
            with m.If(self.bad_permutation):
                m.d.sync += [status.code.eq(ErrorCode.PERMUTATION), status.address.eq(0)]
            for bus, slave, decode in (
                (self.read_error, ErrorCode.READ_SLAVE_ERROR, ErrorCode.READ_DECODE_ERROR),
                (self.write_error, ErrorCode.WRITE_SLAVE_ERROR, ErrorCode.WRITE_DECODE_ERROR),
            ):
                with m.If(bus.valid):
                    m.d.sync += [
                        status.code.eq(Mux(bus.p.response == Response.DECERR.value, decode, slave)),
                        status.address.eq(bus.p.address),
                    ]
        return error

    def _change_mode(self, m, mode, error, resetting, counts, under_way):
        """Stop after an error or for a soft reset, which starts afresh."""
        status = self.status
        m.d.sync += self.failed.eq(0)
        with m.Switch(mode):
            with m.Case(Mode.RUNNING), m.If(error | self.soft_reset):
                m.d.sync += [mode.eq(Mode.STOPPING), self.stop.eq(1)]
            with m.Case(Mode.STOPPING), m.If(self.bus_idle):
                m.d.sync += mode.eq(Mode.CLEARING)
            with m.Case(Mode.CLEARING):
                m.d.sync += [under_way.eq(0), mode.eq(Mode.STOPPED), self.failed.eq(~resetting)]
                with m.If(resetting):
                    m.d.sync += [
                        mode.eq(Mode.RUNNING),
                        self.stop.eq(0),
                        resetting.eq(0),
                        *(count.eq(0) for count in counts),
                        status.error.eq(0),
                        status.code.eq(0),
                        status.address.eq(0),
                    ]
            with m.Case(Mode.STOPPED), m.If(resetting):
                m.d.sync += mode.eq(Mode.STOPPING)

    def _show_status(self, m, running, resetting, submitted, done):
        """The status but for what ``_note_errors`` keeps."""
        status = self.status
        left = Signal(32)
        m.d.comb += [
            left.eq(submitted - done),
            status.busy.eq(((left != 0) & running) | status.list),
            status.waiting.eq(Mux(left == 0, 0, left - 1)[: len(status.waiting)]),
            status.resetting.eq(resetting),
            status.submitted.eq(submitted),
            status.done.eq(done),
        ]
