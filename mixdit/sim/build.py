"""Compiling a design and its clock loop into a shared library."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from golden import SLOT_BYTES
from hw.array.array import Array
from hw.gemm.engine import Engine
from mixdit.sim.design import Design
from mixdit.sim.verilate import verilate

__all__ = ["build_engine_library", "build_library"]

NAME = "mx_array"

ISSUE = (f"{NAME}.core.sequencer", "issue")
"""The signal that tells that a pass enters the array; harness.cpp counts it."""

SIMULATION = ("-O3", "--x-assign", "fast", "--x-initial", "unique", "--no-assert", "-CFLAGS", "-fPIC")
"""Arguments for speed, but for registers and memories that hold anything at power-up."""


def build_library(core: Array, *, threads: int = 1, optimization: str = "-Os") -> tuple[Path, Design]:
    """Shared library with the loop of ``harness.cpp`` around ``core``, built once per configuration.

    Parameters
    ----------
    core:
        The array.
    threads:
        Verilator's threads.
    optimization:
        Compiler flags for the model.

    Raises ``mixdit.sim.verilate.BuildError`` or ``mixdit.sim.toolchain.ToolchainError``.
    """
    defines = {
        "ROWS": core.rows,
        "COLS": core.cols,
        "OUTPUTS": core.segments * core.cols,
        "SLOT_BYTES": SLOT_BYTES,
    }
    return _build(
        Design.of(core, NAME),
        f"{core.rows}x{core.cols}",
        defines,
        ["harness.cpp", "counts.h", "power_up.h", "random.h", "waveform.h"],
        signals=[ISSUE],
        threads=threads,
        optimization=optimization,
    )


def build_engine_library(core: Engine, *, threads: int = 1, optimization: str = "-Os") -> tuple[Path, Design]:
    """Shared library with the loop of ``engine.cpp`` around ``core``; otherwise as ``build_library``."""
    return _build(
        Design.of(core, "mixdit_gemm"),
        f"{core.arrays}x{core.rows}x{core.cols}",
        {"BEAT_BYTES": core.data_bits // 8},
        ["engine.cpp", "axi_memory.h", "counts.h", "power_up.h", "random.h", "shared_memory.h", "waveform.h"],
        threads=threads,
        optimization=optimization,
    )


def _build(
    design: Design,
    kind: str,
    defines: Mapping[str, int],
    sources: Iterable[str],
    *,
    signals: Iterable[tuple[str, str]] = (),
    threads: int,
    optimization: str,
) -> tuple[Path, Design]:
    library = f"lib{design.name}.so"
    flags = " ".join(f"-D{name}={value}" for name, value in defines.items())
    folder = verilate(
        design,
        kind=kind,
        signals=signals,
        arguments=[*SIMULATION, "--threads", str(threads)],
        link=["--exe", "-LDFLAGS", "-shared", "-o", library, "-CFLAGS", flags],
        cpp=[Path(__file__).with_name(name) for name in sources],
        make_variables={"OPT_FAST": optimization, "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O2"},
    )
    return folder / library, design
