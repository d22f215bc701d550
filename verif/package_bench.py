"""The bench of a package, ``{name}_tb``, in simulators as users call them."""

import re
from collections.abc import Sequence
from pathlib import Path

from mixdit.sim.toolchain import find_verilator
from verif.call import ToolError, call

__all__ = ["LANGUAGES", "build_in_verilator", "check_passed", "in_icarus", "verdict"]

LANGUAGES = {"2005": "1364-2005", "2012": "1800-2012"}
"""Verilog and SystemVerilog by their years, and what Verilator calls them."""


def in_icarus(sources: Sequence[Path], top: str, folder: Path, generation: str) -> str:
    """What module ``top`` of ``sources`` prints in Icarus Verilog; raises ``ToolError`` if it cannot run.

    Its waveform goes into ``folder``.
    """
    program = f"{top}-{generation}.vvp"
    call(["iverilog", f"-g{generation}", "-s", top, "-o", program, *sources], folder)
    return call(["vvp", "-n", program], folder)


def build_in_verilator(
    sources: Sequence[Path], top: str, folder: Path, generation: str, *options: str
) -> Path:
    """Module ``top`` of ``sources`` as a program, made by Verilator in ``folder`` without optimization.

    Raises ``ToolError`` if it cannot be built.
    """
    tool = find_verilator()
    variables = {**tool.make_variables, **dict.fromkeys(("OPT_FAST", "OPT_SLOW", "OPT_GLOBAL"), "-O0")}
    command = [tool.executable, "--binary", "--Mdir", ".", "--top-module", top, "-Wno-fatal"]
    command += ["--language", LANGUAGES[generation], "--output-split", "20000", "-CFLAGS", "-std=gnu++20"]
    command += ["-MAKEFLAGS", " ".join("=".join(item) for item in variables.items()), *options]
    call([*command, *sources], folder)
    return folder / f"V{top}"


def verdict(output: str, name: str) -> str:
    """What the bench of ``name`` says first, ``"PASS"`` or ``"FAIL"``; raises ``ToolError`` if neither."""
    found = re.search(rf"^(PASS|FAIL) {name}: ", output, re.MULTILINE)
    if found is None:
        raise ToolError(f"the bench of {name} has no verdict:\n{output[-2000:]}")
    return found[1]


def check_passed(output: str, name: str) -> None:
    """Raise ``ToolError`` unless the bench of ``name`` passes."""
    if verdict(output, name) != "PASS":
        raise ToolError(f"the bench of {name} does not pass:\n{output[-2000:]}")
