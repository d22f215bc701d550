"""Proofs by Yosys' SAT solver that a primitive's form in cells equals its behavioural twin."""

import re
from collections.abc import Mapping, Set
from pathlib import Path

from amaranth.lib import wiring

from gen.store import stored
from gen.synth.tools import YOSYS
from gen.verilog import to_verilog
from mixdit.sim.build_cache import build_root
from verif.netlist.models import cell_models

__all__ = ["proven"]

_CELL = re.compile(r"^  ([A-Z]\w+) (?:#\(|\\?\w)", re.MULTILINE)


def proven(miters: Mapping[str, wiring.Component], family: str) -> Set[str]:
    """Names of the ``miters`` whose output ``equal`` is 1 for every input.

    Parameters
    ----------
    miters:
        Combinational components with an output ``equal``, by the name of their Verilog module. Pins of
        cells that they leave open may take any value.
    family:
        The family whose cells they are made of, a key of ``gen.synth.families.FAMILIES``.
    """
    verilog = "\n".join(to_verilog(miter, name) for name, miter in miters.items())
    models = cell_models(family, set(_CELL.findall(verilog)))
    script = "\n".join(
        [
            "read_verilog -sv design.v",
            "hierarchy -check; proc; flatten; setundef -undriven -anyconst; opt_clean",
            *(f"log proof of {name}\nsat -prove equal 1 -set-def-inputs {name}" for name in miters),
        ]
    )

    def run(folder: Path) -> None:
        (folder / "design.v").write_text(verilog + models)
        (folder / "prove.ys").write_text(script)
        (folder / "output.txt").write_text(YOSYS.run(["prove.ys"], folder))

    folder = stored(build_root() / "synth", "proof", [YOSYS.identity, script, verilog, models], run)
    _, *parts = _MARK.split((folder / "output.txt").read_text())
    results = dict(zip(parts[::2], parts[1::2], strict=True))
    assert results.keys() == miters.keys()
    for name, text in results.items():
        assert ("no model found: SUCCESS" in text) != ("model found: FAIL" in text), f"{name}: {text}"
    return {name for name, text in results.items() if "no model found: SUCCESS" in text}


_MARK = re.compile(r"^proof of (\w+)$", re.MULTILINE)
