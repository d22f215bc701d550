"""Registers of a pipeline, stage by stage."""

from abc import ABC, abstractmethod
from itertools import pairwise

from amaranth.hdl import Cat, Const, Signal, Value
from amaranth.lib import data

__all__ = ["Stages"]


class Stages(ABC):
    """What ``Pipeline`` and ``FreePipeline`` offer to a component: values in registers of their stages.

    Stages count from 1. The registers of stage n hold what was made from the input (n = 1) or from
    registers of stage n - 1.
    """

    def register(self, stage, name, value, *, only=None, otherwise=0, reset_less=True):
        """``value``, or ``otherwise`` unless ``only``, in a register of ``stage``.

        A list of values of one width is registered as an array, a view as a view.

        ``only`` becomes the register's synchronous reset, which costs no look-up table. Choosing
        among values that are each registered so takes an OR of them, not a multiplexer. For a register of
        more than 64 bits it is what ``flags`` returns: each has a share of the bits.
        """
        if isinstance(value, list):
            value = data.View(data.ArrayLayout(len(value[0]), len(value)), Cat(value))
        layout = value.shape() if isinstance(value, data.View) else None
        value = Value.cast(value)
        # A plain signal under the view: Amaranth names wires of an array's elements "x[0]", "x[1]"...,
        # which Yosys 0.70 takes for bits of "x" in synth_ecp5, and stops.
        register = Signal(value.shape(), name=f"{name}_{stage}", init=otherwise, reset_less=reset_less)
        flags = [] if only is None else only if isinstance(only, list) else [only]
        self._load(stage, name, register, value, _shares(register, flags, otherwise))
        return register if layout is None else data.View(layout, register)

    def flags(self, stage, name, value):
        """The bit ``value`` from two registers of ``stage``, for an ``only`` with many loads.

        One is reset, so that no tool takes them for the same register and gives all loads to one of them.
        They hold the inverse, which is what clears registers.
        """
        inverse = ~value
        return [
            ~self.register(stage, f"not_{name}", inverse),
            ~self.register(stage, f"not_{name}_reset", inverse, reset_less=False),
        ]

    def carry(self, first, last, name, value):
        """``value``, valid before stage ``first``, as it is in stage ``last``."""
        for stage in range(first, last + 1):
            value = self.register(stage, name, value)
        return value

    @abstractmethod
    def _load(self, stage, name, register, value, shares):
        """Give ``register`` its next value, when ``stage`` takes one.

        ``shares`` are parts of it, each with its flag and with what it gets unless that is set.
        """


def _shares(register, flags, otherwise):
    """For each of ``flags`` that flag, a part of ``register``, and the same part of ``otherwise``."""
    otherwise = Const(otherwise, len(register))
    ends = [n * len(register) // max(1, len(flags)) for n in range(len(flags) + 1)]
    parts = [slice(*bounds) for bounds in pairwise(ends)]
    return [(flag, register[part], otherwise[part]) for flag, part in zip(flags, parts, strict=True)]
