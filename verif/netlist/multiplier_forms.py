"""``multiply_add`` in cells, also with mutations, beside its behavioural twin."""

from contextlib import nullcontext
from unittest import mock

from amaranth.hdl import Cat, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.target import xilinx
from hw.target.multiply_add import SUM_BITS, multiply_add

__all__ = ["MUTATIONS", "MultiplierForms"]


def _pin(name, change):
    """A mutation of what is connected to a pin."""
    return lambda pins: {**pins, name: change(pins[name])}


def _parameters(**values):
    return lambda pins: {**pins, **values}


def _without(pin, mask):
    return _pin(pin, lambda value: value & mask)


MUTATIONS = {
    "none": None,
    "doubles where it should not": _pin("i_INMODE", lambda mode: mode ^ 0b00010),
    "takes A alone": _without("i_INMODE", 0b11011),
    "subtracts A": _pin("i_INMODE", lambda mode: mode | 0b01000),
    "leaves C out": _without("i_OPMODE", 0b001_1111),
    "leaves the cascade out": _without("i_OPMODE", 0b11_000_1111),
    "A without its sign": _without("i_A", (1 << 18) - 1),
    "D without its sign": _without("i_D", (1 << 18) - 1),
    "B without its sign": _without("i_B", (1 << 17) - 1),
    "C without its highest bit": _without("i_C", (1 << SUM_BITS - 1) - 1),
    "cascade without its highest bit": _without("i_PCIN", (1 << SUM_BITS - 1) - 1),
    "A a cycle early": _parameters(p_AREG=0, p_ACASCREG=0),
    "D a cycle early": _parameters(p_DREG=0),
    "B a cycle early": _parameters(p_BREG=1, p_BCASCREG=1),
    "INMODE a cycle early": _parameters(p_INMODEREG=0),
    "stuck C": _pin("i_CEC", lambda enable: Const(0, 1)),
    "stuck product": _pin("i_CEM", lambda enable: Const(0, 1)),
}
"""Changes of the second of two cells, by what they do."""


class MultiplierForms(wiring.Component):
    """Two ``multiply_add`` in cascade, by the twin and by cells, with each mutation.

    ``differs[n]``: the cells with the n-th of ``MUTATIONS`` give other sums than the twin.
    """

    def __init__(self):
        super().__init__(
            {
                **{f"a{n}": In(19) for n in range(2)},
                **{f"b{n}": In(18) for n in range(2)},
                **{f"c{n}": In(SUM_BITS) for n in range(2)},
                "double": In(2),
                "differs": Out(len(MUTATIONS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        twin = self._cascade(m, "twin", "generic_dsp", None)
        forms = [
            self._cascade(m, f"form{n}", "xilinx_dsp", change) for n, change in enumerate(MUTATIONS.values())
        ]
        m.d.comb += self.differs.eq(Cat(form != twin for form in forms))
        return m

    def _cascade(self, m, name, target, change):
        _, cascade = multiply_add(
            m,
            f"{name}_first",
            a=self.a0.as_signed(),
            b=self.b0.as_signed(),
            c=self.c0,
            double=self.double[0],
            target=target,
        )
        with self._changed(change):
            total, _ = multiply_add(
                m,
                f"{name}_second",
                a=self.a1.as_signed(),
                b=self.b1.as_signed(),
                c=self.c1,
                double=self.double[1],
                cascade=cascade,
                extra_cycles=1,
                target=target,
            )
        return total

    def _changed(self, change):
        if change is None:
            return nullcontext()
        return mock.patch.object(xilinx, "Instance", lambda cell, **pins: Instance(cell, **change(pins)))
