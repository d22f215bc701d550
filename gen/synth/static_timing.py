"""The step through OpenSTA: a netlist of standard cells to its Fmax before layout."""

import re
from pathlib import Path

from gen.store import stored
from gen.synth.errors import SynthesisError
from gen.synth.liberty import Library
from gen.synth.names import register_name
from gen.synth.placement import Placement, WorstPath
from gen.synth.synthesis import Netlist
from gen.synth.tools import OPENSTA

__all__ = ["analyze", "read_paths"]

_PERIOD_NS = 10.0
"""Any: of a clock without skew, nothing but the slack depends on it."""

_SCRIPT = f"""
read_liberty cells.lib
read_verilog netlist.v
link_design {{top}}
create_clock -name clk -period {_PERIOD_NS} [get_ports clk]
report_checks -digits 4
"""


def analyze(netlist: Netlist, top: str, library: Library, *, store: Path) -> Placement:
    """Fmax of ``netlist`` with an ideal clock and no wires. Raises ``SynthesisError``.

    Paths from and to ports do not count, nor do, therefore, those of memories that were left out.
    """
    verilog, script = (netlist.folder / "netlist.v").read_text(), _SCRIPT.format(top=top)

    def make(folder: Path) -> None:
        files = {"cells.lib": library.text, "netlist.v": verilog, "timing.tcl": script}
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / "paths.txt").write_text(
            OPENSTA.run(["-no_init", "-no_splash", "-exit", "timing.tcl"], folder)
        )
        for name in files:
            (folder / name).unlink()

    folder = stored(store, f"{top}-timing", [OPENSTA.identity, script, library.text, verilog], make)
    return read_paths((folder / "paths.txt").read_text())


_STEP = re.compile(r"^\s*([\d.]+)\s+[\d.]+ [v^] (\S+)/(\w+) \((\w+)\)$", re.MULTILINE)
_SLACK = re.compile(r"^\s*(-?[\d.]+)\s+slack \(", re.MULTILINE)


def read_paths(report: str) -> Placement:
    """What OpenSTA's report of the slowest path says. Raises ``SynthesisError`` for a report without one."""
    slack = _SLACK.search(report)
    if slack is None:
        if "No paths found." in report:
            return Placement(fmax_mhz=None, worst_path=None)
        errors = [line for line in report.splitlines() if line.startswith("Error")]
        raise SynthesisError(f"opensta: {(errors or ['a report without a slack'])[-1]}")
    period = _PERIOD_NS - float(slack[1])
    found = _STEP.findall(report)
    kinds = {kind for *_, kind in found}
    steps = [(float(delay), cell) for delay, cell, _, _ in found]
    # The first is the clock's pin, the last the pin that the path ends at: its cell adds its setup time.
    cells = steps[1:-1]
    return Placement(
        fmax_mhz=1000 / period,
        worst_path=WorstPath(
            start=register_name(steps[0][1], kinds),
            end=register_name(steps[-1][1], kinds),
            levels=len(cells) - 1,
            logic_ns=period,
            routing_ns=0.0,
        ),
    )
