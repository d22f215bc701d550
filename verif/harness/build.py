"""Compiling the array and its clock loop into a shared library."""

from pathlib import Path

from golden import SLOT_BYTES
from hw.array import Array
from verif.design import Design
from verif.verilate import verilate

__all__ = ["build_library"]

NAME = "mx_array"

ISSUE = (f"{NAME}.core.sequencer", "issue")
"""The signal that tells that a pass enters the array; harness.cpp counts it."""

SIMULATION = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert", "-CFLAGS", "-fPIC")
"""Arguments for speed; the design has no X to lose."""


def build_library(core: Array, *, threads: int = 1, optimization: str = "-Os") -> Path:
    """Shared library with the loop of ``harness.cpp`` around ``core``, built once per configuration.

    Parameters
    ----------
    core:
        The array.
    threads:
        Verilator's threads.
    optimization:
        Compiler flags for the model.

    Raises ``verif.verilate.BuildError`` or ``verif.toolchain.ToolchainError``.
    """
    library = f"lib{NAME}.so"
    defines = {
        "ROWS": core.rows,
        "COLS": core.cols,
        "OUTPUTS": core.segments * core.cols,
        "SLOT_BYTES": SLOT_BYTES,
    }
    flags = " ".join(f"-D{name}={value}" for name, value in defines.items())
    folder = verilate(
        Design.of(core, NAME),
        kind=f"{core.rows}x{core.cols}",
        signals=[ISSUE],
        arguments=[*SIMULATION, "--threads", str(threads)],
        link=["--exe", "-LDFLAGS", "-shared", "-o", library, "-CFLAGS", flags],
        cpp=[Path(__file__).with_name("harness.cpp")],
        make_variables={"OPT_FAST": optimization, "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O2"},
    )
    return folder / library
