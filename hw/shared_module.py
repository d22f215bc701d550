"""Modules that a design contains many times but that are converted to Verilog once."""

from types import SimpleNamespace

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Shape, ShapeCastable, Signal, Value
from amaranth.lib.wiring import In

__all__ = ["flat_ports", "place"]


def flat_ports(component, separator="__"):
    """Every port of ``component`` as ``{name: (value, flow)}``, names joined by ``separator``."""
    return {
        separator.join(map(str, path)): (Value.cast(value), member.flow)
        for path, member, value in component.signature.flatten(component)
    }


def place(m: Module, name, prototype, *, module):
    """Put an instance ``name`` of Verilog module ``module``, which is ``prototype``, into ``m``.

    Amaranth does not share identical submodules; a design that places instances names their
    prototypes in an attribute ``shared_modules`` (``{module: prototype}``), and the exporter converts
    each once.

    Returns
    -------
    SimpleNamespace
        The instance's ports as attributes, named and shaped as in the prototype's signature, whose
        members must be ports or arrays of ports.
    """
    connections, ports = {}, {}
    for member_name, member in prototype.signature.members.items():
        copies = []
        for index in range(member.dimensions[0] if member.dimensions else 1):
            flat = f"{member_name}__{index}" if member.dimensions else member_name
            # A plain signal under the layout: fields by name would be repeated for every instance.
            signal = Signal(Shape.cast(member.shape), name=f"{name}_{flat}")
            connections[f"{'i' if member.flow == In else 'o'}_{flat}"] = signal
            copies.append(member.shape(signal) if isinstance(member.shape, ShapeCastable) else signal)
        ports[member_name] = copies if member.dimensions else copies[0]
    m.submodules[name] = Instance(module, i_clk=ClockSignal(), i_rst=ResetSignal(), **connections)
    return SimpleNamespace(**ports)
