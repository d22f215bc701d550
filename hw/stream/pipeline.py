"""Register stages between two packet streams, with backpressure."""

from amaranth.hdl import Module, Mux, Signal

from hw.stream.stages import Stages

__all__ = ["Pipeline"]

_SHARE = 256
"""Bits of registers that have an enable of their own, or those of one register, if these are more."""


class Pipeline(Stages):
    """The registers of a component that makes one beat of ``o`` from each beat of ``i``.

    Latency is ``stages`` cycles, throughput one beat per cycle. ``o.valid`` and the payload are registers,
    and hold until ``o.ready``. No beat is lost or repeated.

    The last stage has a second register, which takes the beat that is on its way when a stall begins, and all
    others stop a cycle later, gaps and all: ``i.ready`` is a register, and so is what holds the stages, of
    which there are copies, each for its share of them.

    The registers of a stage hold one beat; those of the last stage can't be cleared by ``only`` (ValueError).
    ``last`` is carried along; the component drives ``o.p.data`` and ``o.p.user`` from registers of the last
    stage.

    Parameters
    ----------
    m:
        Module of the component: gets the registers and the handshake.
    i, o:
        Its streams, of ``packet_layout`` payloads.
    stages:
        Number of stages, at least 2.
    """

    def __init__(self, m: Module, *, i, o, stages):
        self._m = m
        self._stages = stages
        self._waiting = Signal(name="waiting")
        self._valid = [Signal(name=f"valid_{n}") for n in range(1, stages + 1)]
        # This and ``_run`` repeat valid[-1] and waiting in the other polarity, for registers of data alone:
        # many wait for them, which must not slow the control.
        empty = Signal(name="empty", init=1)
        self._stalled, self._shows = Signal(name="stalled"), Signal(name="shows")
        self._enables, self._enabled = [], 0
        m.d.comb += [
            o.valid.eq(self._valid[-1]),
            o.p.last.eq(self.carry(1, stages, "last", i.p.last)),
            self._shows.eq(empty | o.ready),
        ]
        self._hold(i, o, empty)

    def _hold(self, i, o, empty):
        m, valid, waiting, stalled = self._m, self._valid, self._waiting, self._stalled
        m.d.comb += [stalled.eq(valid[-1] & ~o.ready), i.ready.eq(~waiting)]
        with m.If(~waiting):
            for n, full in enumerate(valid[:-1]):
                m.d.sync += full.eq(valid[n - 1] if n else i.valid)
        with m.If(~stalled):
            m.d.sync += [valid[-1].eq(valid[-2] | waiting), empty.eq(~(valid[-2] | waiting))]
        m.d.sync += waiting.eq(stalled & (valid[-2] | waiting))

    def _run(self, register):
        """The enable of ``register``; each one follows from itself, so that no tool takes two for one."""
        self._enabled += len(register)
        if not self._enables or self._enabled > _SHARE:
            run = Signal(name=f"run_{len(self._enables)}", init=1)
            self._m.d.sync += run.eq(~(self._stalled & (self._valid[-2] | ~run)))
            self._enables.append(run)
            self._enabled = len(register)
        return self._enables[-1]

    def _load(self, stage, name, register, value, shares):
        final = stage == self._stages
        if final and shares:
            raise ValueError(f"only must be None in stage {stage!r}, the last one")
        if final:
            buffer = Signal(value.shape(), name=f"{name}_buffer", reset_less=True)
            with self._m.If(self._run(buffer)):
                self._m.d.sync += buffer.eq(value)
            value = Mux(self._waiting, buffer, value)
        enable = self._shows if final else self._run(register)
        with self._m.If(enable):
            self._m.d.sync += register.eq(value)
        for only, share, otherwise in shares:
            with self._m.If(enable & ~only):
                self._m.d.sync += share.eq(otherwise)
