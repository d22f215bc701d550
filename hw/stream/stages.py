"""Registers of a pipeline, stage by stage."""

from abc import ABC, abstractmethod

from amaranth.hdl import Cat, Signal, Value
from amaranth.lib import data

__all__ = ["Stages"]


class Stages(ABC):
    """What ``Pipeline`` and ``FreePipeline`` offer to a component: values in registers of their stages.

    Stages count from 1. The registers of stage n hold what was made from the input (n = 1) or from
    registers of stage n - 1.
    """

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
        self._load(stage, name, register, value, only, otherwise)
        return register if layout is None else data.View(layout, register)

    def carry(self, first, last, name, value):
        """``value``, valid before stage ``first``, as it is in stage ``last``."""
        for stage in range(first, last + 1):
            value = self.register(stage, name, value)
        return value

    @abstractmethod
    def _load(self, stage, name, register, value, only, otherwise):
        """Give ``register`` its next value, when ``stage`` takes one."""
