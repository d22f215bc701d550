"""Primitives beside their behavioural twins, one output saying whether they agree."""

import sys
from contextlib import nullcontext
from unittest import mock

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.multiplexer import multiplexer
from hw.target.targets import TARGETS

__all__ = ["CarrySumMiter", "MultiplexerMiter"]


class CarrySumMiter(wiring.Component):
    """``equal``: ``carry_sum`` for ``target`` gives what it gives for the generic one.

    Parameters
    ----------
    op, target, width:
        As for ``carry_sum``.
    shapes:
        Shapes of a, b, c, d and, where ``op`` has it, e.
    change:
        A mutation: an attribute of the module that makes the chains, and what to make of its value.
    """

    def __init__(self, op: CarryOp, target, width, shapes, *, change=None):
        self.op, self.target, self.width, self.change = op, target, width, change
        self.inputs = dict(zip("abcde", shapes, strict=False))
        ports = {name: In(shape) for name, shape in self.inputs.items()}
        super().__init__({**ports, "carry": In(1), "equal": Out(1)})

    def elaborate(self, platform):
        m = Module()
        inputs = {name: getattr(self, name) for name in (*self.inputs, "carry")}
        twin = carry_sum(m, "twin", self.op, self.width, **inputs)
        with self._changed():
            form = carry_sum(m, "form", self.op, self.width, **inputs, target=self.target)
        m.d.comb += self.equal.eq(form == twin)
        return m

    def _changed(self):
        if self.change is None:
            return nullcontext()
        name, function = self.change
        chain = TARGETS[self.target].carry_chain
        module = sys.modules[getattr(chain, "func", chain).__module__]
        return mock.patch.object(module, name, function(getattr(module, name)))


class MultiplexerMiter(wiring.Component):
    """``equal``: ``multiplexer`` for ``target`` picks what the generic one picks, of ``choices`` choices."""

    def __init__(self, choices, target):
        self.target = target
        super().__init__(
            {
                "index": In(range(max(2, choices))),
                "choices": In(2).array(choices),
                "equal": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        choices = list(self.choices)
        twin = multiplexer(m, "twin", self.index, choices)
        form = multiplexer(m, "form", self.index, choices, target=self.target)
        m.d.comb += self.equal.eq((form == twin) | (self.index >= len(choices)))
        return m
