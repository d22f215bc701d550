"""Register stages between two packet streams, with backpressure."""

from amaranth.hdl import Cat, Module, Mux, Signal

from hw.stream.stages import Stages

__all__ = ["Pipeline"]


class Pipeline(Stages):
    """The registers of a component that makes one beat of ``o`` from each beat of ``i``.

    Latency is ``stages`` cycles, throughput one beat per cycle. ``o.valid`` and the payload are registers,
    and hold until ``o.ready``. No beat is lost or repeated.

    Unless ``buffered``, a stage advances when it or a later one is empty, or ``o.ready`` is high: a
    stall closes the gaps between beats before it reaches ``i``, and ``i.ready`` follows ``o.ready`` within
    the cycle. With ``buffered`` the last stage has a second register, which takes the beat that is on its
    way when a stall begins, and all others stop a cycle later, gaps and all: ``i.ready`` is a register, and
    so is what holds the stages. This is faster, for a multiplexer on the bits of the last stage.

    The registers of a stage hold one beat; those of the last of ``buffered`` stages can't be cleared by
    ``only`` (ValueError). ``last`` is carried along; the component drives ``o.p.data`` and ``o.p.user`` from
    registers of the last stage.

    Parameters
    ----------
    m:
        Module of the component: gets the registers and the handshake.
    i, o:
        Its streams, of ``packet_layout`` payloads.
    stages:
        Number of stages.
    buffered:
        Whether the last stage holds two beats.
    """

    def __init__(self, m: Module, *, i, o, stages, buffered=False):
        self._m = m
        self._stages = stages
        self._buffered = buffered
        self._waiting = Signal(name="waiting")
        numbers = range(1, stages + 1)
        self._valid = [Signal(name=f"valid_{n}") for n in numbers]
        self._advance = [Signal(name=f"advance_{n}") for n in numbers]
        self._clear = [Signal(name=f"clear_{n}") for n in numbers]
        m.d.comb += [
            o.valid.eq(self._valid[-1]),
            o.p.last.eq(self.carry(1, stages, "last", i.p.last)),
        ]
        if buffered:
            self._hold_all(i, o)
        else:
            self._hold_each(i, o)

    def _hold_each(self, i, o):
        m, valid = self._m, self._valid
        m.d.comb += i.ready.eq(self._advance[0])
        after = [Signal(name=f"{full.name}_next") for full in valid]
        for n, (advance, clear) in enumerate(zip(self._advance, self._clear, strict=True)):
            # Whether this stage or a later one is empty: known a cycle ahead, because every register of
            # the stage waits for it, and in two polarities, so that a mapper cannot chain the stage's
            # clears behind its advance.
            hole = Signal(name=f"hole_{n + 1}", init=1)
            full = Signal(name=f"full_{n + 1}")
            m.d.comb += [
                advance.eq(hole | o.ready),
                clear.eq(~full | o.ready),
                after[n].eq(Mux(clear, valid[n - 1] if n else i.valid, valid[n])),
            ]
            m.d.sync += [
                valid[n].eq(after[n]),
                hole.eq(~Cat(after[n:]).all()),
                full.eq(Cat(after[n:]).all()),
            ]

    def _hold_all(self, i, o):
        m, valid, waiting = self._m, self._valid, self._waiting
        # These repeat valid[-1] and waiting in the other polarity, for registers of data alone: many wait
        # for them, which must not slow the control.
        empty = Signal(name="empty", init=1)
        run = Signal(name="run", init=1)
        stalled = Signal(name="stalled")
        m.d.comb += [
            stalled.eq(valid[-1] & ~o.ready),
            i.ready.eq(~waiting),
            self._advance[-1].eq(empty | o.ready),
        ]
        for advance, clear in zip(self._advance[:-1], self._clear[:-1], strict=True):
            m.d.comb += [advance.eq(run), clear.eq(run)]
        with m.If(~waiting):
            for n, full in enumerate(valid[:-1]):
                m.d.sync += full.eq(valid[n - 1] if n else i.valid)
        with m.If(~stalled):
            m.d.sync += [valid[-1].eq(valid[-2] | waiting), empty.eq(~(valid[-2] | waiting))]
        m.d.sync += [
            waiting.eq(stalled & (valid[-2] | waiting)),
            run.eq(~(stalled & (valid[-2] | waiting))),
        ]

    def _load(self, stage, name, register, value, shares):
        buffered = self._buffered and stage == self._stages
        if buffered and shares:
            raise ValueError(f"only must be None in stage {stage!r}, the last of buffered stages")
        if buffered:
            buffer = Signal(value.shape(), name=f"{name}_buffer", reset_less=True)
            with self._m.If(self._advance[-2]):
                self._m.d.sync += buffer.eq(value)
            value = Mux(self._waiting, buffer, value)
        with self._m.If(self._advance[stage - 1]):
            self._m.d.sync += register.eq(value)
        for only, share, otherwise in shares:
            with self._m.If(self._clear[stage - 1] & ~only):
                self._m.d.sync += share.eq(otherwise)
