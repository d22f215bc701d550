"""A design with few pins, whatever its ports: what a device needs on which every port gets a pin.

Around the design are registers: all of its inputs are bits of one long shift register, and all of its outputs
are registered and joined, four at a time, to one bit. So no input is a constant, every output is needed,
and no path from or to a pin is slower than a wire. The design itself is the netlist that its size is told
of: it is synthesized alone, and the wrapper with the design as a black box.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth.families import Family
from gen.synth.synthesis import Netlist, synthesize
from gen.synth.tools import YOSYS

__all__ = ["PINS", "WRAPPED", "wrap", "wrapper"]

WRAPPED = "wrapped"
"""Name of the wrapper's module."""

PINS = ("clk", "rst", "data", "load", "result")
"""Its ports: clock, reset, what is shifted into the inputs while ``load`` is high, and the joined outputs."""

_JOIN = f"""
read_json wrapper.json
delete ={{top}}
read_json design.json
setattr -mod -unset top {{top}}
hierarchy -top {WRAPPED}
flatten
clean
write_json netlist.json
"""


def wrap(netlist: Netlist, top: str, *, family: Family, store: Path) -> Path:
    """The netlist of ``WRAPPED``, as Yosys' JSON, with that of the design ``top`` in it.

    Results are kept in the folder ``store``. Raises ``SynthesisError``.
    """
    design = {"modules": {top: json.loads(netlist.path.read_text())["modules"][top]}}
    verilog = wrapper(top, design["modules"][top]["ports"])
    around = synthesize(verilog, WRAPPED, family=family, dsp=False, store=store, boxes=(top,), pads=True)
    texts = {"wrapper.json": around.path.read_text(), "design.json": json.dumps(design)}
    script = _JOIN.format(top=top)

    def make(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text)
        (folder / "join.ys").write_text(script)
        YOSYS.run(["-q", "join.ys"], folder)
        for name in texts:
            (folder / name).unlink()

    key = [YOSYS.identity, script, *texts.values()]
    return stored(store, f"{top}-{family.name}-{WRAPPED}", key, make) / "netlist.json"


def wrapper(top: str, ports: Mapping[str, Any]) -> str:
    """Verilog of ``WRAPPED`` around module ``top``, of which it has the ports alone.

    Parameters
    ----------
    top:
        Name of the design's module.
    ports:
        Its ports, as in Yosys' JSON; ``clk`` and ``rst`` are clock and reset.
    """
    module = top if top.isidentifier() else _escaped(top)
    inputs, width = _places(ports, "input")
    outputs, total = _places(ports, "output")
    pins = {name: name if name == "clk" else "reset[1]" for name in ports if name in ("clk", "rst")}
    pins |= {name: f"inputs[{high}:{low}]" for name, (low, high) in inputs.items()}
    pins |= {name: f"outputs[{high}:{low}]" for name, (low, high) in outputs.items()}
    lines = [
        f"module {WRAPPED}(input clk, input rst, input data, input load, output result);",
        "  reg [1:0] reset;",
        "  always @(posedge clk) reset <= {reset[0], rst};",
        f"  reg [{width - 1}:0] inputs;",
        "  always @(posedge clk) if (load) inputs <= {inputs, data};",  # the highest bit falls out
        f"  wire [{total - 1}:0] outputs;",
        *_joined(total),
        f"  {module} core({', '.join(f'.{_escaped(name)}({net})' for name, net in pins.items())});",
        "endmodule",
        f"module {module}({', '.join(_escaped(name) for name in ports)});",
        *(f"  {p['direction']} [{len(p['bits']) - 1}:0] {_escaped(name)};" for name, p in ports.items()),
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def _places(ports: Mapping[str, Any], direction: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Lowest and highest bit of each port but clock and reset, and how many bits there are in all."""
    places, low = {}, 0
    for name, port in ports.items():
        if port["direction"] == direction and name not in ("clk", "rst"):
            places[name] = (low, low + len(port["bits"]) - 1)
            low += len(port["bits"])
    return places, low


def _joined(width: int) -> Iterator[str]:
    """Registers for ``outputs``, then for the parity of each four, and so on until it is one bit."""
    level, new = 0, "outputs"
    while True:
        yield f"  reg [{width - 1}:0] joined_{level};"
        yield f"  always @(posedge clk) joined_{level} <= {new};"
        if width == 1:
            break
        fours = [f"^joined_{level}[{min(low + 3, width - 1)}:{low}]" for low in range(0, width, 4)]
        level, new, width = level + 1, f"{{{', '.join(reversed(fours))}}}", len(fours)
    yield f"  assign result = joined_{level};"


def _escaped(name: str) -> str:
    """Names of modules inside of others, and of ports that are left over from left-out ones, have dots."""
    return f"\\{name} "
