"""Register stages between two packet streams, with backpressure."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data

__all__ = ["Pipeline"]


class Pipeline:
    """The registers of a component that turns one beat of ``i`` into one beat of ``o``.

    A stage advances when it is empty or the stage after it advances, so a stall closes the gaps
    between beats before it reaches ``i``, and no beat is lost or repeated. Latency is ``stages``
    cycles, throughput one beat per cycle. ``o.valid`` and ``o.p`` come from registers or from logic
    behind them and hold until ``o.ready``; ``i.ready`` follows ``o.ready`` in the same cycle.

    Stages are counted from 1. What is in the registers of stage ``n`` belongs to one beat, and is
    made from ``i.p`` (n = 1) or from registers of stage ``n - 1``. ``last`` is carried along; the
    component drives ``o.p.data`` and ``o.p.user``.

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
        self._stages = stages
        self._advance = [Signal(name=f"advance_{stage}") for stage in range(1, stages + 1)]
        valid = [Signal(name=f"valid_{stage}") for stage in range(1, stages + 1)]
        after = [Signal(name=f"valid_{stage}_next") for stage in range(1, stages + 1)]
        # A hole is an empty stage, this one or one after it. It is known a cycle ahead, in a register of
        # its own for each stage, since many registers wait for it.
        hole = [Signal(name=f"hole_{stage}", init=1) for stage in range(1, stages + 1)]

        m.d.comb += [
            i.ready.eq(self._advance[0]),
            o.valid.eq(valid[-1]),
            o.p.last.eq(self.carry(1, stages, "last", i.p.last)),
        ]
        for stage, advance in enumerate(self._advance):
            m.d.comb += [
                advance.eq(hole[stage] | o.ready),
                after[stage].eq(Mux(advance, valid[stage - 1] if stage else i.valid, valid[stage])),
            ]
            m.d.sync += [
                valid[stage].eq(after[stage]),
                hole[stage].eq(~Cat(after[stage:]).all()),
            ]

    def register(self, stage, name, value, *, only=None, otherwise=0):
        """``value``, or ``otherwise`` unless ``only``, in a register of ``stage`` with the shape of ``value``.

        ``only`` becomes the synchronous reset of the register: choosing among values that are each
        registered so costs an OR of them, not a multiplexer.
        """
        shape = value.shape()
        register = Signal(shape, name=f"{name}_{stage}", reset_less=True)
        value = Value.cast(value)
        with self._m.If(self._advance[stage - 1]):
            self._m.d.sync += Value.cast(register).eq(
                value if only is None else Mux(only, value, otherwise))
        return register

    def register_all(self, stage, name, values, *, only=None):
        """Like ``register`` for a list of values of one width, in one register: a view of an array."""
        values = [Value.cast(value) for value in values]
        joined = self.register(stage, name, Cat(values), only=only)
        return data.View(data.ArrayLayout(len(values[0]), len(values)), joined)

    def carry(self, first, last, name, value):
        """``value``, valid before stage ``first``, as it is in stage ``last``."""
        for stage in range(first, last + 1):
            value = self.register(stage, name, value)
        return value
