"""A design as the simulator takes it: exported Verilog, and what must stay visible in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.lib import wiring

from gen.verilog import to_verilog
from hw.shared_module import flat_ports
from hw.stream.axi_stream import as_top

__all__ = ["Design"]

_INITIAL_VALUE = re.compile(r"^(  reg [^=\n]+?) = .*;$", re.MULTILINE)
"""That of a register, in its declaration. Without it, the simulator draws one from its seed."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Exported Verilog with the facts about it that a simulator's driver needs.

    Parameters
    ----------
    name:
        The top module.
    verilog:
        Text of all modules.
    ports:
        Port names of the top, ``clk`` and ``rst`` included.
    shared:
        Modules placed many times, with the names of their input ports.
    component:
        What was exported; None for Verilog from elsewhere.
    """

    name: str
    verilog: str
    ports: tuple[str, ...]
    shared: dict[str, tuple[str, ...]]
    component: wiring.Component | None = None

    @classmethod
    def of(cls, component: wiring.Component, name: str) -> "Design":
        """Export ``component`` as module ``name`` whose registers begin at any value.

        One whose ports are all packet streams is put into an ``AXIStreamTop`` first.
        """
        top = as_top(component)
        return cls(
            name=name,
            verilog=_INITIAL_VALUE.sub(r"\1;", to_verilog(top, name)),
            ports=("clk", "rst", *flat_ports(top, "_")),
            shared=dict(_shared(component)),
            component=top,
        )


def _shared(component: wiring.Component) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every module that ``component`` or a module of these shares, with its input ports."""
    for module, prototype in getattr(component, "shared_modules", {}).items():
        yield module, _inputs(prototype)
        yield from _shared(prototype)


def _inputs(prototype: wiring.Component) -> tuple[str, ...]:
    return tuple(port for port, (_, flow) in flat_ports(prototype).items() if flow == wiring.In)
