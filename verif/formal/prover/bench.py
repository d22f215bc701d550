"""A unit with free inputs, and what is claimed of it."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.shared_module import flat_ports

__all__ = ["ASSUMED", "CLAIMED", "HELPFUL", "INSIDE", "RIGID", "WORD", "Bench"]

ASSUMED, CLAIMED, HELPFUL = "assumed__", "claimed__", "helpful__"
"""How names of outputs begin: what may be assumed, what is claimed, and invariants that help to prove it."""

RIGID, INSIDE, WORD = "rigid__", "inside__", "word__"
"""How names of inputs begin that are not free in every cycle."""


class Bench(wiring.Component):
    """A component around a unit, whose ports say what a proof is about.

    Parameters
    ----------
    build:
        Called with the bench: puts units into ``m``, drives them, and says what is assumed and claimed.

    Attributes
    ----------
    m:
        Its module.
    nets:
        For each port that `inside` or `word` made, the net or the memory that it shows.
    cuts:
        Registers that may hold anything in every cycle.
    shared_modules:
        Of its units, as ``gen.verilog`` needs them.
    """

    def __init__(self, build):
        self.m = Module()
        self.nets = {}
        self.cuts = set()
        self.shared_modules = {}
        self._late = {}
        self._inputs, self._outputs = {}, {}
        build(self)
        inputs = {name: In(value.shape()) for name, value in self._inputs.items()}
        outputs = {name: Out(value.shape()) for name, value in self._outputs.items()}
        super().__init__(inputs | outputs)

    def elaborate(self, platform):
        for name, signal in self._inputs.items():
            self.m.d.comb += signal.eq(getattr(self, name))
        for name, value in self._outputs.items():
            self.m.d.comb += getattr(self, name).eq(value)
        return self.m

    def any(self, name, shape):
        """Any value, another one in every cycle."""
        return self._input(name, shape)

    def some(self, name, shape):
        """Any value, the same in all cycles."""
        return self._input(RIGID + name, shape)

    def inside(self, net, shape):
        """What the ``net`` of a submodule has, named by its path: ``unit.full``."""
        name = INSIDE + net.replace(".", "_")
        if name in self.nets:
            return self._inputs[name]
        self.nets[name] = net
        return self._input(name, shape)

    def cut(self, net, shape):
        """As `inside`, of a register that may hold anything in every cycle: a claim is to hold even so."""
        self.cuts.add(net)
        return self.inside(net, shape)

    def word(self, memory, address, shape):
        """The word at ``address`` of the ``memory`` of a submodule, named by its path."""
        name = f"{WORD}{len(self.nets)}"
        port = f"address_of_{name}"
        self.nets[name] = (memory, port)
        self._output(port, address)
        return self._input(name, shape)

    def unit(self, component, *, name="unit", driven=()):
        """``component`` as submodule ``name``; all inputs are free but those ``driven``, by their names."""
        self.m.submodules[name] = component
        self.shared_modules |= getattr(component, "shared_modules", {})
        for port, (value, flow) in flat_ports(component).items():
            if flow == In and port not in driven:
                self.m.d.comb += value.eq(self.any(f"{name}__{port}", value.shape()))
        return component

    def assume(self, condition):
        """``condition`` holds in every cycle."""
        self._output(f"{ASSUMED}{len(self._outputs)}", condition)

    def claim(self, name, condition):
        """``condition`` is to be proven."""
        self._output(CLAIMED + name, condition)

    def help(self, name, condition):
        """``condition`` is to be proven, too, because claims follow from it by induction."""
        self._output(HELPFUL + name, condition)

    def register(self, name, value, *, enable=1, init=0):
        """``value`` as it was in the last cycle with ``enable``; ``init`` after a reset."""
        value = Value.cast(value)
        late = Signal(value.shape(), name=name, init=init)
        with self.m.If(enable):
            self.m.d.sync += late.eq(value)
        return late

    def ago(self, name, value, cycles):
        """``value``, which has this name alone, as it was ``cycles`` ago; a view stays one."""
        layout = value.shape() if isinstance(value, data.View) else None
        late = Value.cast(value)
        for cycle in range(1, cycles + 1):
            if (name, cycle) not in self._late:
                self._late[name, cycle] = self.register(f"{name}_{cycle}_ago", late)
            late = self._late[name, cycle]
        return late if layout is None else layout(late)

    def _input(self, name, shape):
        assert name not in self._inputs, name
        self._inputs[name] = Signal(shape, name=f"in_{name}")
        return self._inputs[name]

    def _output(self, name, value):
        name = name.replace(" ", "_")
        assert name not in self._outputs, name
        signal = Signal(Value.cast(value).shape(), name=f"out_{name}")
        self.m.d.comb += signal.eq(value)
        self._outputs[name] = signal
