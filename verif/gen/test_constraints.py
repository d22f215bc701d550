"""Constraints cover every port once; plain Tcl runs them."""

import pytest

from gen.flows.constraints import PERIOD
from verif.gen.tcl_calls import tcl_calls
from verif.needs import needs

pytestmark = needs("tclsh")

COMMANDS = ("create_clock", "get_ports", "set_input_delay", "set_output_delay", "set_false_path")
"""Of Vivado and of Synopsys' design constraints."""


def names(words):
    """Ports of a list of patterns, each a whole port."""
    return {name.removesuffix("[*]") for name in words.split()}


@pytest.mark.parametrize("suffix", ["xdc", "sdc"])
def test_every_port_is_constrained_once(suffix, package, exported):
    calls = {command: [] for command in COMMANDS}
    for command, *words in tcl_calls(exported / f"{package.name}.{suffix}", COMMANDS):
        calls[command].append(words)
    assert calls["create_clock"] == [["-name", "clk", "-period", str(PERIOD), "clk"]]
    ports = {port["name"]: port for port in package.manifest["ports"]}
    interrupts = {"irq"} & set(ports)
    for direction in ("input", "output"):
        ((*option, delay, listed),) = calls[f"set_{direction}_delay"]
        assert option == ["-clock", "clk"]
        assert 0 < float(delay) < PERIOD / 2
        expected = {name for name, port in ports.items() if port["direction"] == direction}
        assert names(listed) == expected - {"clk"} - interrupts
        for pattern in listed.split():
            assert pattern.endswith("[*]") == (ports[pattern.removesuffix("[*]")]["width"] > 1)
    assert [names(words[-1]) for words in calls["set_false_path"]] == [{name} for name in interrupts]
