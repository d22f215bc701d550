"""The component of Platform Designer has the files, ports and widths of the manifest; plain Tcl runs it."""

import pytest

from verif.gen.bus_roles import direction
from verif.gen.tcl_calls import tcl_calls
from verif.needs import needs

pytestmark = needs("tclsh")

COMMANDS = (
    *("set_module_property", "add_fileset", "set_fileset_property", "add_fileset_file"),
    *("add_interface", "set_interface_property", "add_interface_port"),
)
"""Of Platform Designer."""

KINDS = {
    "axi4stream": "axis",
    "axi4": "axi",
    "axi4lite": "axi",
    "clock": "clock",
    "reset": "reset",
    "interrupt": "interrupt",
}
ROLES = {"irq": "interrupt", "reset": "rst"}


@pytest.fixture
def calls(package, exported):
    """Words of every call, by command."""
    found = {command: [] for command in COMMANDS}
    for command, *words in tcl_calls(exported / f"{package.name}_hw.tcl", COMMANDS):
        found[command].append(words)
    return found


def test_module_and_files(package, calls):
    properties = dict(calls["set_module_property"])
    assert properties["NAME"] == package.name
    assert properties["DESCRIPTION"] == package.manifest["summary"]
    sets = [name for name, *_ in calls["add_fileset"]]
    assert sets == ["QUARTUS_SYNTH", "SIM_VERILOG", "SIM_VHDL"]
    assert calls["set_fileset_property"] == [[name, "TOP_LEVEL", package.name] for name in sets]
    files = [name for name, *_ in calls["add_fileset_file"]]
    assert files == 3 * package.verilog
    assert all(words[1:4] == ["VERILOG", "PATH", words[0]] for words in calls["add_fileset_file"])


def test_every_port_has_its_role(package, calls):
    interfaces = {name: (kind, side) for name, kind, side in calls["add_interface"]}
    assert set(interfaces) == {"clk", "rst", *package.design.interfaces}
    ports = {}
    for interface, port, role, way, width in calls["add_interface_port"]:
        kind, side = interfaces[interface]
        assert port not in ports
        ports[port] = (way.lower(), int(width))
        # An interrupt goes from the end that raises it.
        master = side == "start" or kind == "interrupt"
        assert direction(KINDS[kind], ROLES.get(role, role), master=master) == way.lower(), port
        if "_" in interface:
            assert port == f"{interface}_{role}"
    assert ports == {port["name"]: (port["direction"], port["width"]) for port in package.manifest["ports"]}


def test_clock_and_reset_belong_to_every_interface(package, calls):
    found = {}
    for interface, name, value in calls["set_interface_property"]:
        found.setdefault(interface, {})[name] = value
    assert found["rst"]["associatedClock"] == "clk"
    for interface in package.design.interfaces:
        assert (found[interface]["associatedClock"], found[interface]["associatedReset"]) == ("clk", "rst")
    if package.design.name == "mixdit_gemm":
        assert found["irq"]["associatedAddressablePoint"] == "s_axil"
        assert int(found["m_axi"]["readIssuingCapability"]) > 1
