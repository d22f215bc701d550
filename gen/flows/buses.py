"""The ports of a design, grouped as tools connect them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gen.designs.ports import Interface, Interrupt, port_name
from gen.flows.export import Export, Port

__all__ = ["Bus", "buses"]


@dataclass(frozen=True, kw_only=True)
class Bus:
    """Ports that are connected together.

    Parameters
    ----------
    name:
        Its name, with which those of its ports begin.
    interface:
        What it is.
    receives:
        Whether others begin its transfers.
    ports:
        Its ports, by the name of the signal: ``tdata``, ``awaddr``; the empty name for that of a pin.
    """

    name: str
    interface: Interface
    receives: bool
    ports: Mapping[str, Port]

    @property
    def is_interrupt(self) -> bool:
        """Whether it is an interrupt, which carries no data."""
        return isinstance(self.interface, Interrupt)


def buses(export: Export) -> list[Bus]:
    """Everything but clock and reset."""
    ports = {port.name: port for port in export.ports}
    found = []
    for name, interface in export.design.interfaces.items():
        receives = name.startswith("s_")
        signals = interface.meanings(receives)
        found.append(
            Bus(
                name=name,
                interface=interface,
                receives=receives,
                ports={signal: ports[port_name(name, signal)] for signal in signals},
            )
        )
    return found
