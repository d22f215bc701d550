"""A component of Quartus' Platform Designer."""

from collections.abc import Iterator, Mapping

from gen.designs.ports import AXI4, AXI4Lite, Interrupt, Stream
from gen.flows.buses import Bus, buses
from gen.flows.export import Export, File, Port
from gen.flows.tcl import quoted
from hw.axi import read_master, write_master

__all__ = ["quartus"]

_KINDS: Mapping[type, str] = {
    Stream: "axi4stream",
    AXI4Lite: "axi4lite",
    AXI4: "axi4",
    Interrupt: "interrupt",
}
"""Interfaces by their names in Platform Designer."""

_PROPERTIES: Mapping[type, Mapping[str, int]] = {
    AXI4Lite: {
        "readAcceptanceCapability": 1,
        "writeAcceptanceCapability": 1,
        "combinedAcceptanceCapability": 1,
    },
    AXI4: {
        "readIssuingCapability": read_master.OUTSTANDING,
        "writeIssuingCapability": write_master.OUTSTANDING,
        "combinedIssuingCapability": read_master.OUTSTANDING + write_master.OUTSTANDING,
    },
}
"""How many accesses are under way at once, from which the interconnect is sized."""


def quartus(export: Export) -> Iterator[File]:
    """``{name}_hw.tcl``: files, and interfaces with the role of each port."""
    name = export.name
    lines = [
        f"# {name} for Platform Designer: add this folder to its IP search path.",
        *export.header("#").splitlines(),
        "",
        "package require qsys 16.1",
        "",
        f"set_module_property NAME {name}",
        f"set_module_property VERSION {export.version}",
        f"set_module_property DISPLAY_NAME {name}",
        f"set_module_property DESCRIPTION {quoted(export.design.summary)}",
        "set_module_property GROUP mixdit",
        "set_module_property EDITABLE false",
    ]
    for kind in ("QUARTUS_SYNTH", "SIM_VERILOG", "SIM_VHDL"):
        lines += ["", f'add_fileset {kind} {kind} "" ""', f"set_fileset_property {kind} TOP_LEVEL {name}"]
        for source in export.sources:
            top = " TOP_LEVEL_FILE" if source == export.sources[0] else ""
            lines.append(f"add_fileset_file {source} VERILOG PATH {source}{top}")
    clock, reset, *_ = export.ports
    lines += ["", "add_interface clk clock end", _port("clk", clock, "clk")]
    lines += ["", "add_interface rst reset end", "set_interface_property rst associatedClock clk"]
    lines += ["set_interface_property rst synchronousEdges BOTH", _port("rst", reset, "reset")]
    for bus in buses(export):
        lines += ["", *_interface(bus, export.design.registers)]
    yield File(name=f"{name}_hw.tcl", kind="Platform Designer component", text="\n".join(lines) + "\n")


def _interface(bus: Bus, registers: str | None) -> Iterator[str]:
    kind = type(bus.interface)
    side = "end" if bus.receives or bus.is_interrupt else "start"
    properties: dict[str, object] = {"associatedClock": "clk", "associatedReset": "rst"}
    if bus.is_interrupt and registers:
        properties["associatedAddressablePoint"] = registers
    properties |= _PROPERTIES.get(kind, {})
    yield f"add_interface {bus.name} {_KINDS[kind]} {side}"
    for name, value in properties.items():
        yield f"set_interface_property {bus.name} {name} {value}"
    for signal, port in bus.ports.items():
        yield _port(bus.name, port, signal or "irq")


def _port(interface: str, port: Port, role: str) -> str:
    return f"add_interface_port {interface} {port.name} {role} {port.direction.capitalize()} {port.width}"
