"""A component as the netlist that synthesis makes of it, in place of its exported Verilog."""

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from gen.store import stored
from gen.synth.carry_inputs import open_constant_carry_inputs
from gen.synth.copies import copy_drivers
from gen.synth.families import FAMILIES
from gen.synth.synthesis import synthesize
from gen.synth.tools import YOSYS
from gen.synth.trim import trim_carry_chains
from gen.synth.with_macros import with_macros
from mixdit.sim.build_cache import build_root
from mixdit.sim.design import Design
from verif.netlist.models import with_models

__all__ = ["netlist_of"]

_WRITE = "read_json netlist.json; write_verilog -noattr -noexpr -nodec netlist.v"


def netlist_of(
    component: wiring.Component,
    name: str,
    *,
    family: str,
    trim: bool = False,
    dsp: bool = False,
    macros: bool = False,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Design:
    """``component`` as module ``name`` made of the cells of ``family``, with models of these cells.

    Pins that the netlist leaves undriven are tied to input pins of the design, drawn at random: what
    they carry changes with every beat, so nothing can depend on them unnoticed.

    Parameters
    ----------
    component, name:
        As for ``Design.of``.
    family:
        A key of ``gen.synth.families.FAMILIES``.
    trim:
        After the steps between Yosys and nextpnr: on carry chains, and for ECP5 copies of drivers.
    dsp:
        Let products go into DSP blocks.
    macros:
        With processing elements as placed macros.
    change:
        A mutation of the netlist, which is Yosys' JSON, before it is written.
    """
    design = Design.of(component, name)
    store = build_root() / "synth"
    if macros:
        way = with_macros(design.verilog, name, family=FAMILIES[family], frequency_mhz=300, store=store)
        source = way.netlist
    else:
        source = synthesize(design.verilog, name, family=FAMILIES[family], dsp=dsp, store=store)
    netlist = json.loads(source.path.read_text())
    if trim:
        _trim(netlist, name, family)
    if change:
        change(netlist)
    (module,) = (m for n, m in netlist["modules"].items() if n == name)
    _tie_undriven(module)
    _check_driven(module)
    _drop_initial_contents(module)
    netlist["modules"] = {name: module}
    cells = {cell["type"] for cell in module["cells"].values()} - {"$scopeinfo"}
    text = json.dumps(netlist)

    def write(folder: Path) -> None:
        (folder / "netlist.json").write_text(text)
        YOSYS.run(["-q", "-p", _WRITE], folder)

    written = stored(store, f"{name}-{family}-verilog", [YOSYS.identity, _WRITE, text], write)
    verilog = with_models((written / "netlist.v").read_text(), family, cells)
    return dataclasses.replace(design, verilog=verilog, shared={})


_MOST_LOADS = 12
"""Fewer than the flow allows, so that small designs have copies, too."""


def _trim(netlist: dict[str, Any], name: str, family: str) -> None:
    if family == "ecp5":
        trim_carry_chains(netlist)
        assert copy_drivers(netlist, most=_MOST_LOADS), "nothing was copied"
    else:
        assert open_constant_carry_inputs(netlist["modules"][name]), "there is no carry chain"


_OPEN_INPUTS = {
    "CCU2C": ("CIN",),
    "CCU2": ("CIN",),
    "TRELLIS_COMB": ("FCI",),
    "CARRY4": ("CI", "CYINIT"),
    "CARRY8": ("CI", "CI_TOP"),
}
"""Inputs that a netlist may leave out altogether."""

_CONSTANT_INPUTS = {"TRELLIS_COMB": dict.fromkeys("ABCD", "1"), "TRELLIS_FF": {"LSR": "0"}}
"""What inputs are in the device that nextpnr's netlists leave out: it makes constants of them so."""


def _tie_undriven(module: dict[str, Any]) -> None:
    """Connect every undriven input to a random input of the module."""
    rng = random.Random(0)
    inputs = [
        bit
        for name, port in module["ports"].items()
        if port["direction"] == "input" and name not in ("clk", "rst")
        for bit in port["bits"]
    ]
    for cell in module["cells"].values():
        pins = cell["connections"]
        for pin in _OPEN_INPUTS.get(cell["type"], ()):
            pins[pin] = pins.get(pin) or ["x"]
        for pin, value in _CONSTANT_INPUTS.get(cell["type"], {}).items():
            pins.setdefault(pin, [value])
        for pin, bits in pins.items():
            if cell["port_directions"].setdefault(pin, "input") == "input":
                pins[pin] = [rng.choice(inputs) if bit in ("x", "z") else bit for bit in bits]
            else:
                pins[pin] = [bit for bit in bits if isinstance(bit, int)]


def _check_driven(module: dict[str, Any]) -> None:
    """Every net that is read has a driver."""
    driven: set[Any] = set()
    read: set[Any] = set()
    for port in module["ports"].values():
        (driven if port["direction"] == "input" else read).update(port["bits"])
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            (driven if cell["port_directions"][pin] == "output" else read).update(bits)
    undriven = {bit for bit in read - driven if isinstance(bit, int)}
    assert not undriven, f"nets {sorted(undriven)[:10]} have no driver"


_CONTENTS = {
    "DP16KD": "INITVAL_",
    "RAMB18E1": "INIT",
    "RAMB18E2": "INIT",
    "RAMB36E1": "INIT",
    "RAMB36E2": "INIT",
    "SDPX9B": "INIT_RAM_",
    "PDPSC16K": "INITVAL_",
}
"""How the parameters with the initial contents of a block memory begin."""


def _drop_initial_contents(module: dict[str, Any]) -> None:
    """Take the initial contents out of block memories, for models that have none: all must be 0."""
    for name, cell in module["cells"].items():
        prefix = _CONTENTS.get(cell["type"])
        contents = [key for key in cell["parameters"] if prefix and key.startswith(prefix)]
        for key in contents:
            value = str(cell["parameters"].pop(key))
            assert not value.strip("0x "), f"{name} has initial contents {key} = {value}"
