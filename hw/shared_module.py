"""Modules that a design contains many times but that are converted to Verilog once."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, ResetSignal, ShapeCastable, Signal, Value
from amaranth.lib.wiring import In

__all__ = ["flat_ports", "place"]


def flat_ports(component, separator="__"):
    """Every port of ``component`` as ``{name: (value, flow)}``, names joined by ``separator``.

    What is constant is no port: ``ready`` of a stream that is always ready, for example.
    """
    ports = {
        separator.join(map(str, path)): (Value.cast(value), member.flow)
        for path, member, value in component.signature.flatten(component)
    }
    return {name: port for name, port in ports.items() if not isinstance(port[0], Const)}


def place(m: Module, name, prototype, *, module):
    """Put an instance ``name`` of Verilog module ``module``, which is ``prototype``, into ``m``.

    Amaranth does not share identical submodules; a design that places instances names their
    prototypes in an attribute ``shared_modules`` (``{module: prototype}``), and the exporter converts
    each once.

    Returns
    -------
    interface object
        The instance's ports, with the prototype's signature: connect it like the component itself.
    """
    instance = prototype.signature.create(path=(name,))
    _make_plain(instance)
    connections = {
        f"{'i' if flow == In else 'o'}_{port}": value for port, (value, flow) in flat_ports(instance).items()
    }
    m.submodules[name] = Instance(module, i_clk=ClockSignal(), i_rst=ResetSignal(), **connections)
    return instance


def _make_plain(interface):
    """Plain signals under the layouts of ``interface``: fields by name would be repeated per instance."""
    for name, member in interface.signature.members.items():
        setattr(interface, name, _plain(getattr(interface, name), member, member.dimensions))


def _plain(value, member, dimensions):
    """``value`` with plain signals: a port, an interface or an array of ``dimensions`` of these."""
    if dimensions:
        return [_plain(part, member, dimensions[1:]) for part in value]
    if member.is_signature:
        _make_plain(value)
        return value
    decorated = Value.cast(value)
    if isinstance(decorated, Const):
        return value
    signal = Signal(decorated.shape(), name=decorated.name, init=decorated.init)
    return member.shape(signal) if isinstance(member.shape, ShapeCastable) else signal
