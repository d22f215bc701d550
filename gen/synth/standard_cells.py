"""The step through Yosys and ABC to standard cells."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.synth.buffers import buffer_nets
from gen.synth.errors import SynthesisError
from gen.synth.liberty import Library
from gen.synth.tools import YOSYS

__all__ = ["MACRO_WORDS", "SCRIPTS", "Memories", "map_to_cells", "memories"]

MACRO_WORDS = 256
"""Words from which on a memory is left out, for a macro that a layout would place."""

# Depth first, then buffers, then the least sizes that keep it.
_ABC = "strash; ifraig; scorr; dc2; dch -f; if -g; dch -f; map -B 0.9; topo; buffer; topo; upsize; dnsize"

_MAP = f"""
read_verilog -sv design.v
hierarchy -top {{top}}
proc
attrmap -remove init
delete t:$meminit_v2
flatten
opt_clean
memory -nomap
opt_clean
select t:$mem_v2
write_json -selected memories.json
select -clear
submod -name left_out t:$mem_v2 r:SIZE>={MACRO_WORDS} %i
blackbox left_out
expose -evert t:left_out
synth -top {{top}}
dfflibmap -liberty cells.lib
abc -liberty cells.lib -script abc.script
read_liberty -lib cells.lib
opt_clean -purge
autoname
delete t:$scopeinfo
write_json netlist.json
"""
"""Without initial values, which registers of standard cells do not have."""

_COUNT = "read_json netlist.json; tee -q -o statistics.json stat -json; write_verilog -noattr netlist.v"

SCRIPTS = (_MAP, _ABC, _COUNT)
"""What the result depends on, besides the tool, the design and the library."""


@dataclass(frozen=True, kw_only=True)
class Memories:
    """Bits of a design's memories: of those made of flip-flops, and of those left out."""

    in_flip_flops: int
    left_out: int


def map_to_cells(folder: Path, top: str, library: Library) -> None:
    """Map ``design.v`` in ``folder`` to cells of ``library``: ``netlist.json``, ``.v``, statistics.

    Memories of ``MACRO_WORDS`` words and more become ports of the top. Raises ``SynthesisError``.
    """
    (folder / "cells.lib").write_text(library.text)
    (folder / "abc.script").write_text("\n".join(_ABC.split("; ")) + "\n")
    (folder / "map.ys").write_text(_MAP.format(top=top))
    YOSYS.run(["-q", "-s", "map.ys"], folder)
    netlist = json.loads((folder / "netlist.json").read_text())
    netlist["modules"] = {top: netlist["modules"][top]}
    buffer_nets(netlist["modules"][top], buffer=library.buffer, pins=library.buffer_pins)
    (folder / "netlist.json").write_text(json.dumps(netlist))
    YOSYS.run(["-q", "-p", _COUNT], folder)
    (folder / "cells.lib").unlink()


def memories(folder: Path) -> Memories:
    """The memories of the design that was mapped in ``folder``."""
    modules = json.loads((folder / "memories.json").read_text())["modules"].values()
    shapes = [_shape(cell) for module in modules for cell in module["cells"].values()]
    return Memories(
        in_flip_flops=sum(words * width for words, width in shapes if words < MACRO_WORDS),
        left_out=sum(words * width for words, width in shapes if words >= MACRO_WORDS),
    )


def _shape(cell: Mapping[str, Any]) -> tuple[int, int]:
    """Words of a memory, and bits of each."""
    if cell["type"] != "$mem_v2":
        raise SynthesisError(f"a memory is a cell of type $mem_v2, not {cell['type']!r}")
    words, width = (int(cell["parameters"][name], 2) for name in ("SIZE", "WIDTH"))
    return words, width
