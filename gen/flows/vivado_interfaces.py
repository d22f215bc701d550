"""The interfaces of a design as Vivado names them, for attributes in Verilog and for IP-XACT."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gen.designs.ports import AXI4, AXI4Lite, Interrupt, Stream
from gen.flows.buses import Bus, buses
from gen.flows.export import Export
from hw.axi import read_master, write_master

__all__ = ["VivadoInterface", "vivado_interfaces"]


@dataclass(frozen=True, kw_only=True)
class VivadoInterface:
    """An interface that a block design connects by one line.

    Parameters
    ----------
    name:
        Its name.
    library, bus:
        Library and name of its bus definition, of vendor ``xilinx.com`` and version 1.0.
    master:
        Whether it is a master, else a slave.
    ports:
        Names of its ports in Verilog, by those of the bus definition: ``{"TDATA": "s_axis_tdata"}``.
    parameters:
        What Vivado cannot see from the ports.
    """

    name: str
    library: str
    bus: str
    master: bool
    ports: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        """``"master"`` or ``"slave"``."""
        return "master" if self.master else "slave"


_DEFINITIONS: Mapping[type, tuple[str, str, Mapping[str, str]]] = {
    Stream: ("interface", "axis", {}),
    AXI4Lite: ("interface", "aximm", {"PROTOCOL": "AXI4LITE"}),
    AXI4: (
        "interface",
        "aximm",
        {
            "PROTOCOL": "AXI4",
            "SUPPORTS_NARROW_BURST": "0",
            "NUM_READ_OUTSTANDING": str(read_master.OUTSTANDING),
            "NUM_WRITE_OUTSTANDING": str(write_master.OUTSTANDING),
        },
    ),
    Interrupt: ("signal", "interrupt", {"SENSITIVITY": "LEVEL_HIGH"}),
}
"""Library and name of the bus definition, and parameters."""


def vivado_interfaces(export: Export) -> list[VivadoInterface]:
    """All ports of the design, clock and reset first."""
    found = buses(export)
    clocked = ":".join(bus.name for bus in found if not bus.is_interrupt)
    clock = VivadoInterface(
        name="clk",
        library="signal",
        bus="clock",
        master=False,
        ports={"CLK": "clk"},
        parameters={"ASSOCIATED_BUSIF": clocked, "ASSOCIATED_RESET": "rst"},
    )
    reset = VivadoInterface(
        name="rst",
        library="signal",
        bus="reset",
        master=False,
        ports={"RST": "rst"},
        parameters={"POLARITY": "ACTIVE_HIGH"},
    )
    return [clock, reset, *map(_interface, found)]


def _interface(bus: Bus) -> VivadoInterface:
    library, definition, parameters = _DEFINITIONS[type(bus.interface)]
    return VivadoInterface(
        name=bus.name,
        library=library,
        bus=definition,
        master=not bus.receives,
        ports={(signal or definition).upper(): port.name for signal, port in bus.ports.items()},
        parameters=parameters,
    )
