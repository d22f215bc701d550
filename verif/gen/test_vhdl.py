"""GHDL analyses the component of every top, binds it to an entity like the manifest, and places it."""

import re
import subprocess

import pytest

from verif.needs import needs

pytestmark = needs("ghdl")

PORT = re.compile(
    r"^      (\w+) +: (in|out) +(std_logic|std_logic_vector\((\d+) downto 0\));?$", re.MULTILINE
)


def kind(port):
    return f"std_logic_vector({port['width'] - 1} downto 0)" if port["width"] > 1 else "std_logic"


def entity(name, ports):
    """An entity with the ports of the manifest, for the component to be bound to."""
    lines = ";\n".join(
        f"  {port['name']} : {port['direction'].removesuffix('put')} {kind(port)}" for port in ports
    )
    use = "library ieee;\nuse ieee.std_logic_1164.all;\n"
    return f"{use}entity {name} is port (\n{lines});\nend;\narchitecture a of {name} is begin end;\n"


def user(name, ports):
    """A design that places the component, connected by name."""
    signals = "".join(f"  signal {port['name']} : {kind(port)};\n" for port in ports)
    connections = ", ".join(f"{port['name']} => {port['name']}" for port in ports)
    return (
        "library ieee;\nuse ieee.std_logic_1164.all;\n"
        f"use work.{name}_component.all;\nentity user is end;\n"
        f"architecture a of user is\n{signals}  for all : {name} use entity work.{name};\nbegin\n"
        f"  u : {name} port map ({connections});\nend;\n"
    )


def test_component_has_the_ports_of_the_manifest(package):
    text = package.files[f"{package.name}_component.vhd"]
    found = {name: (f"{mode}put", int(high) + 1 if high else 1) for name, mode, _, high in PORT.findall(text)}
    ports = package.manifest["ports"]
    assert found == {port["name"]: (port["direction"], port["width"]) for port in ports}
    assert all(f"-- {port['meaning']}\n" in text for port in ports)


@pytest.mark.parametrize("standard", ["93", "08"])
def test_ghdl_binds_the_component(standard, package, exported, tmp_path):
    ports = package.manifest["ports"]
    (tmp_path / "entity.vhd").write_text(entity(package.name, ports))
    (tmp_path / "user.vhd").write_text(user(package.name, ports))
    files = [str(exported / f"{package.name}_component.vhd"), "entity.vhd", "user.vhd"]
    options = [f"--std={standard}", "--warn-error", "--warn-binding"]
    for command in (["-a", *options, *files], ["-e", *options, "user"]):
        run = subprocess.run(
            ["ghdl", *command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout
        assert not run.stdout
