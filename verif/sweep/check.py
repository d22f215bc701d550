"""One set of parameters through export, lint and simulation."""

import re
import resource
import shutil
import traceback
from dataclasses import dataclass
from pathlib import Path

from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import Package, make_package
from verif.call import ToolError
from verif.lint import icarus, verilator, yosys
from verif.package_bench import check_passed, in_icarus
from verif.sweep.space import Draw, elements

__all__ = ["Outcome", "check"]

_MOST_SIMULATED = 16
"""Processing elements of a design up to which Icarus Verilog simulates its bench in seconds."""

_EMPTY = re.compile(r"\[-\d+:|:-\d+\]")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a set of parameters.

    Parameters
    ----------
    draw:
        The set.
    failure:
        Why it failed, text of many lines; empty if it did not.
    export_s, total_s:
        CPU time of its export, and of everything.
    simulated:
        Whether its bench was run.
    """

    draw: Draw
    failure: str
    export_s: float
    total_s: float
    simulated: bool


def check(draw: Draw, folder: Path, most_simulated: int = _MOST_SIMULATED) -> Outcome:
    """Export ``draw`` into ``folder`` and lint it in all tools.

    Its bench is run if it has up to ``most_simulated`` processing elements.
    """
    start = _cpu_s()
    exported, failure, simulated = 0.0, "", False
    try:
        design = DESIGNS[draw.design]
        package = make_package(design, design.top(draw.parameters), draw.design, draw.initialized)
        exported = _cpu_s() - start
        sources = _write(package, folder)
        for tool in (icarus, verilator, yosys):
            tool(sources, package.name)
        if elements(draw.parameters) <= most_simulated and shutil.which("iverilog"):
            simulated = True
            bench = f"{package.name}_tb"
            output = in_icarus([*sources, folder / f"{bench}.v"], bench, folder, "2005")
            check_passed(output, package.name)
    except Exception:
        failure = traceback.format_exc()
    return Outcome(
        draw=draw,
        failure=failure,
        export_s=exported or _cpu_s() - start,
        total_s=_cpu_s() - start,
        simulated=simulated,
    )


def _write(package: Package, folder: Path) -> list[Path]:
    """Write the package; its Verilog files, models of the cells that it places among them."""
    write_files(folder, package.files)
    text = "".join(package.files[name] for name in package.verilog)
    if found := _EMPTY.search(text):
        raise ToolError(f"a signal of no bits: {found[0]}")
    if not package.manifest["initial_values"] and re.search(r"\binitial\b|^  reg .*=", text, re.MULTILINE):
        raise ToolError("an initial value")
    return [folder / name for name in (*package.verilog, *package.models)]


def _cpu_s() -> float:
    """CPU time of this process and of those that it has run, in seconds."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
