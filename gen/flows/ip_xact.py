"""A description of the design in IP-XACT (IEEE 1685-2009), which IP catalogues read."""

from collections.abc import Iterator, Sequence

from gen.designs.ports import AXI4, AXI4Lite
from gen.flows import ip_xact_xml as xml
from gen.flows.buses import Bus, buses
from gen.flows.export import Export, File, Port
from gen.flows.ip_xact_registers import add_registers
from gen.flows.ip_xact_xml import element, named
from gen.flows.vivado_interfaces import VivadoInterface, vivado_interfaces

__all__ = ["VIVADO_FAMILIES", "ip_xact"]

VIVADO_FAMILIES = (
    *("artix7", "kintex7", "spartan7", "virtex7", "zynq"),
    *("kintexu", "virtexu", "artixuplus", "kintexuplus", "virtexuplus", "zynquplus", "versal"),
)
"""Families that Vivado offers the design for."""

_VIEWS = (
    ("synthesis", ":vivado.xilinx.com:synthesis"),
    ("simulation", ":vivado.xilinx.com:simulation"),
    ("testbench", ":vivado.xilinx.com:simulation.testbench"),
)
"""What a view is for, and how Vivado tells."""


def ip_xact(export: Export) -> Iterator[File]:
    """``component.xml``: interfaces, ports, registers, address space and files."""
    root = xml.component()
    element(root, "vendor", "mixdit")
    element(root, "library", "rtl")
    element(root, "name", export.name)
    element(root, "version", ".".join(export.version.split(".")[:2]))  # all that catalogues take
    found = {bus.name: bus for bus in buses(export)}
    group = element(root, "busInterfaces")
    for interface in vivado_interfaces(export):
        _add_interface(group, interface, found.get(interface.name))
    _add_address_spaces(root, list(found.values()))
    if (registers := export.design.registers) is not None:
        add_registers(element(root, "memoryMaps"), found[registers])
    _add_model(root, export)
    _add_files(root, export)
    element(root, "description", export.design.summary)
    xml.parameters(root, {"Component_Name": export.name}, "PARAM_VALUE")
    _add_extensions(root, export)
    yield File(name="component.xml", kind="IP-XACT", text=xml.text(root))


def _add_interface(group: xml.Element, interface: VivadoInterface, bus: Bus | None) -> None:
    made = named(group, "busInterface", interface.name)
    for kind, name in (("busType", interface.bus), ("abstractionType", f"{interface.bus}_rtl")):
        element(made, kind, vendor="xilinx.com", library=interface.library, name=name, version="1.0")
    mode = element(made, interface.mode)
    if bus is not None and isinstance(bus.interface, AXI4):
        element(mode, "addressSpaceRef", addressSpaceRef=bus.name)
    if bus is not None and isinstance(bus.interface, AXI4Lite):
        element(mode, "memoryMapRef", memoryMapRef=bus.name)
    maps = element(made, "portMaps")
    for logical, physical in interface.ports.items():
        port_map = element(maps, "portMap")
        element(element(port_map, "logicalPort"), "name", logical)
        element(element(port_map, "physicalPort"), "name", physical)
    xml.parameters(made, interface.parameters, f"BUSIFPARAM_VALUE.{interface.name.upper()}")


def _add_address_spaces(root: xml.Element, found: Sequence[Bus]) -> None:
    """What each bus master can address."""
    masters = [bus for bus in found if isinstance(bus.interface, AXI4)]
    if not masters:
        return
    group = element(root, "addressSpaces")
    for bus in masters:
        space = named(group, "addressSpace", bus.name, "what its accesses address")
        element(space, "range", 1 << bus.ports["awaddr"].width)
        element(space, "width", bus.ports["wdata"].width)


def _add_model(root: xml.Element, export: Export) -> None:
    model = element(root, "model")
    views = element(model, "views")
    for purpose, environment in _VIEWS:
        view = named(views, "view", purpose)
        element(view, "envIdentifier", environment)
        element(view, "language", "verilog")
        element(view, "modelName", export.name + ("_tb" if purpose == "testbench" else ""))
        element(element(view, "fileSetRef"), "localName", purpose)
    ports = element(model, "ports")
    for port in export.ports:
        _add_port(ports, port)


def _add_port(group: xml.Element, port: Port) -> None:
    wire = element(named(group, "port", port.name, port.meaning), "wire")
    element(wire, "direction", {"input": "in", "output": "out"}[port.direction])
    if port.width > 1:
        vector = element(wire, "vector")
        element(vector, "left", port.width - 1)
        element(vector, "right", 0)


def _add_files(root: xml.Element, export: Export) -> None:
    group = element(root, "fileSets")
    for purpose, _ in _VIEWS:
        file_set = named(group, "fileSet", purpose)
        for name in [f"{export.name}_tb.v"] if purpose == "testbench" else export.sources:
            file = named(file_set, "file", name)
            element(file, "fileType", "verilogSource")


def _add_extensions(root: xml.Element, export: Export) -> None:
    """What Vivado asks for beyond the standard."""
    core = element(element(root, "vendorExtensions"), "xilinx:coreExtensions")
    families = element(core, "xilinx:supportedFamilies")
    for family in VIVADO_FAMILIES:
        child = element(families, "xilinx:family", family)
        child.set("xilinx:lifeCycle", "Production")
    element(element(core, "xilinx:taxonomies"), "xilinx:taxonomy", "/UserIP")
    element(core, "xilinx:displayName", export.name)
