"""Modules that a design contains many times but that are converted to Verilog once."""

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["SharedModule", "flat_ports"]


def flat_ports(component, separator="__"):
    """Every port of ``component`` as ``{name: (value, flow)}``, names joined by ``separator``."""
    return {
        separator.join(map(str, path)): (Value.cast(value), member.flow)
        for path, member, value in component.signature.flatten(component)
    }


class SharedModule(wiring.Component):
    """A stand-in for ``prototype`` that elaborates to an instance of the Verilog module ``name``.

    Amaranth does not share identical submodules; a design made of stand-ins names its prototypes in
    an attribute ``shared_modules`` (``{name: prototype}``), and the exporter converts each once.

    Parameters
    ----------
    prototype:
        The component to place. Only its signature is used here.
    name:
        Name of its Verilog module.
    """

    def __init__(self, prototype, *, name):
        self.prototype = prototype
        self.name = name
        super().__init__(prototype.signature)

    def elaborate(self, platform):
        m = Module()
        ports = {
            f"{'i' if flow == In else 'o'}_{port}": value
            for port, (value, flow) in flat_ports(self).items()
        }
        m.submodules.instance = Instance(self.name, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports)
        return m
