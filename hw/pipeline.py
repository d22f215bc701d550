"""Register stages between two packet streams, with backpressure."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data

__all__ = ["Pipeline"]


class Pipeline:
    """The registers of a component that makes one beat of ``o`` from each beat of ``i``.

    Stages advance in groups: one does when its last stage or that of a later group is empty, or
    ``o.ready`` is high. So a stall closes gaps between beats before it reaches ``i``, and no beat is
    lost or repeated. Latency is ``stages`` cycles, throughput one beat per cycle. ``o.valid`` is a
    register, and holds with the payload until ``o.ready``; ``i.ready`` follows ``o.ready`` within the cycle.

    Stages count from 1. The registers of stage n hold one beat, made from ``i.p`` (n = 1) or from
    registers of stage n - 1. ``last`` is carried along; the component drives ``o.p.data`` and
    ``o.p.user`` from registers of the last stage.

    Parameters
    ----------
    m:
        Module of the component: gets the registers and the handshake.
    i, o:
        Its streams, of ``packet_layout`` payloads.
    stages:
        Number of stages.
    group:
        Stages in a group: more take less control logic and close fewer gaps.
    """

    def __init__(self, m: Module, *, i, o, stages, group=1):
        self._m = m
        numbers = range(1, stages + 1)
        valid = [Signal(name=f"valid_{n}") for n in numbers]
        after = [Signal(name=f"valid_{n}_next") for n in numbers]
        # Per group, whether it or a later one has room: known a cycle ahead, because every register of the
        # group waits for it, and in two polarities, so that a mapper cannot chain clears behind advances.
        ends = [min(n + group - 1, stages - 1) for n in range(0, stages, group)]
        advances, clears = [], []
        for k, end in enumerate(ends):
            hole = Signal(name=f"hole_{end + 1}", init=1)
            full = Signal(name=f"full_{end + 1}")
            advances.append(Signal(name=f"advance_{end + 1}"))
            clears.append(Signal(name=f"clear_{end + 1}"))
            filled = Cat(after[n] for n in ends[k:]).all()
            m.d.comb += [advances[k].eq(hole | o.ready), clears[k].eq(~full | o.ready)]
            m.d.sync += [hole.eq(~filled), full.eq(filled)]
        self._advance = [advances[n // group] for n in range(stages)]
        self._clear = [clears[n // group] for n in range(stages)]

        m.d.comb += [
            i.ready.eq(self._advance[0]),
            o.valid.eq(valid[-1]),
            o.p.last.eq(self.carry(1, stages, "last", i.p.last)),
        ]
        for n in range(stages):
            m.d.comb += after[n].eq(Mux(self._clear[n], valid[n - 1] if n else i.valid, valid[n]))
            m.d.sync += valid[n].eq(after[n])

    def register(self, stage, name, value, *, only=None, otherwise=0):
        """``value``, or ``otherwise`` unless ``only``, in a register of ``stage``.

        A list of values of one width is registered as an array, a view as a view.

        ``only`` becomes the register's synchronous reset, which costs no look-up table. Choosing
        among values that are each registered so takes an OR of them, not a multiplexer.
        """
        if isinstance(value, list):
            value = data.View(data.ArrayLayout(len(value[0]), len(value)), Cat(value))
        layout = value.shape() if isinstance(value, data.View) else None
        value = Value.cast(value)
        # A plain signal under the view: Amaranth names wires of an array's elements "x[0]", "x[1]"...,
        # which Yosys 0.70 takes for bits of "x" in synth_ecp5, and stops.
        register = Signal(value.shape(), name=f"{name}_{stage}", init=otherwise, reset_less=True)
        with self._m.If(self._advance[stage - 1]):
            self._m.d.sync += register.eq(value)
        if only is not None:
            with self._m.If(self._clear[stage - 1] & ~only):
                self._m.d.sync += register.eq(otherwise)
        return register if layout is None else data.View(layout, register)

    def carry(self, first, last, name, value):
        """``value``, valid before stage ``first``, as it is in stage ``last``."""
        for stage in range(first, last + 1):
            value = self.register(stage, name, value)
        return value
