"""Register stages between two packet streams, with backpressure."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data

__all__ = ["Pipeline"]


class Pipeline:
    """The registers of a component that makes one beat of ``o`` from each beat of ``i``.

    A stage advances when it or a later one is empty, or ``o.ready`` is high: a stall closes the
    gaps between beats before it reaches ``i``, and no beat is lost or repeated. Latency is ``stages``
    cycles, throughput one beat per cycle. ``o.valid`` is a register, and holds with the payload
    until ``o.ready``; ``i.ready`` follows ``o.ready`` within the cycle.

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
    """

    def __init__(self, m: Module, *, i, o, stages):
        self._m = m
        numbers = range(1, stages + 1)
        valid = [Signal(name=f"valid_{n}") for n in numbers]
        after = [Signal(name=f"valid_{n}_next") for n in numbers]
        # Whether this stage or a later one is empty: known a cycle ahead, because every register of the
        # stage waits for it, and in two polarities, so that a mapper cannot chain the stage's
        # clears behind its advance.
        hole = [Signal(name=f"hole_{n}", init=1) for n in numbers]
        full = [Signal(name=f"full_{n}") for n in numbers]
        self._advance = [Signal(name=f"advance_{n}") for n in numbers]
        self._clear = [Signal(name=f"clear_{n}") for n in numbers]

        m.d.comb += [
            i.ready.eq(self._advance[0]),
            o.valid.eq(valid[-1]),
            o.p.last.eq(self.carry(1, stages, "last", i.p.last)),
        ]
        for n in range(stages):
            m.d.comb += [
                self._advance[n].eq(hole[n] | o.ready),
                self._clear[n].eq(~full[n] | o.ready),
                after[n].eq(Mux(self._clear[n], valid[n - 1] if n else i.valid, valid[n])),
            ]
            m.d.sync += [
                valid[n].eq(after[n]),
                hole[n].eq(~Cat(after[n:]).all()),
                full[n].eq(Cat(after[n:]).all()),
            ]

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
