"""Verilog to a compiled Verilator model: one set of flags for every simulation of the project."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gen.flows.fusesoc import VERILATOR_WAIVERS
from mixdit.sim.build_cache import cached_build
from mixdit.sim.coverage import ARGUMENTS as COVERAGE
from mixdit.sim.coverage import collecting
from mixdit.sim.design import Design
from mixdit.sim.toolchain import find_verilator
from mixdit.sim.waves import recording

__all__ = ["BuildError", "verilate"]

LINT = (
    "-Wall",
    *(f"-Wno-{name}" for name in VERILATOR_WAIVERS),
    "-Wno-SYMRSVDWORD",  # a name that C++ reserves: Verilator renames it in its own code
)
"""Every warning is an error, but for those that exported Verilog cannot avoid."""

TRACING = ("--trace", "--trace-max-width", "65536", "--timescale", "1ns/1ns")
"""Arguments for a model that can record all but large memories; it is slower, and a build of its own."""

EMPTY = Design(name="empty", verilog="module empty(input clk);\nendmodule\n", ports=("clk",), shared={})
"""With a port for C++ to see, so that the runtime has the part for it."""


class BuildError(RuntimeError):
    """Verilator or the C++ compiler failed; the message ends with its output."""


def verilate(
    design: Design,
    *,
    kind: str,
    signals: Iterable[tuple[str, str]] = (),
    arguments: Sequence[str] = (),
    link: Sequence[str] = (),
    cpp: Sequence[Path] = (),
    make_variables: Mapping[str, str] | None = None,
) -> Path:
    """Folder with the model ``Vtop`` of ``design``, compiled and linked with the C++ files ``cpp``.

    Parameters
    ----------
    design:
        The design. Only its ports are visible to C++, which keeps Verilator's optimizer free.
    kind:
        What is built, for the folder's name.
    signals:
        Further (module, signal) pairs to make visible.
    arguments:
        More arguments for Verilator.
    link:
        Further ones that name and link the result.
    cpp:
        C++ sources to compile and link; ``link`` then says into what. Headers among them are only copied.
    make_variables:
        Variables for the makefile, such as OPT_FAST.

    Where simulations are to record (``mixdit.sim.waves``) or to count (``mixdit.sim.coverage``), it can.

    Raises ``BuildError`` on any warning or error, ``ToolchainError`` without a toolchain.
    """
    tool = find_verilator()
    variables = [f"{k}={v}" for k, v in {**tool.make_variables, **(make_variables or {})}.items()]
    if recording():
        kind, arguments = f"{kind}-trace", [*arguments, *TRACING]
        # Names that tools made up, such as \$12, are most of a design and of no interest, and GTKWave cannot
        # read all of them. Verilator records no name that begins with an underscore.
        design = replace(design, verilog=design.verilog.replace(r"\$", r"\_$"))
    if collecting():
        kind, arguments = f"{kind}-coverage", [*arguments, *COVERAGE]
    control = _control(design, signals)
    sharing = ["-fno-dfg"] if design.shared else []

    def translate(folder: Path, source: Design, *more: str) -> None:
        (folder / f"{source.name}.v").write_text(source.verilog)
        command = [
            str(tool.executable),
            "--cc",
            "--Mdir",
            ".",
            "--top-module",
            source.name,
            "--prefix",
            "Vtop",
        ]
        _run([*command, *LINT, *arguments, *more, f"{source.name}.v"], folder)

    def make(folder: Path, *targets: str) -> None:
        _run(["make", f"-j{_jobs()}", "-f", "Vtop.mk", *variables, *targets], folder)
        for path in folder.glob("*.gch"):  # precompiled headers, 150 MB
            path.unlink()

    def build_runtime(folder: Path) -> None:
        (folder / "control.vlt").write_text(_control(EMPTY, ()))
        translate(folder, EMPTY, "control.vlt")
        make(folder, "libverilated.a")

    def build(folder: Path) -> None:
        (folder / "control.vlt").write_text(control)
        compiled = [str(path.resolve()) for path in cpp if path.suffix != ".h"]
        for path in cpp:
            if path.suffix == ".h":
                shutil.copy(path, folder)
        translate(folder, design, *sharing, *link, *compiled, "control.vlt")
        # Verilator's own runtime takes longer to compile than a small design: link the shared copy.
        for path in cached_build("verilator-runtime", runtime_key, build_runtime).glob("verilated*.o"):
            shutil.copy(path, folder)
        make(folder)

    key = [tool.version, *LINT, *arguments, *variables]
    model_only = ("OPT_FAST=", "OPT_SLOW=")  # flags that no file of the runtime is compiled with
    runtime_key = [text for text in key if not text.startswith(model_only)]
    sources = [path.read_text() for path in cpp]
    inputs = [*key, *sharing, *link, control, design.name, design.verilog, *sources]
    return cached_build(f"{design.name}-{kind}", inputs, build)


def _control(design: Design, signals: Iterable[tuple[str, str]]) -> str:
    """Verilator's control file for ``design``.

    A shared module's code is to be compiled once, not once per instance. For that the module must not
    be inlined, its inputs must be variables of its own rather than aliases of the neighbours'
    outputs, and the data-flow optimizer, which names its temporaries by instance, must be off.
    """
    lines = [f'public_flat_rw -module "{design.name}" -var "{port}"' for port in design.ports]
    lines += [f'public_flat_rd -module "{module}" -var "{signal}"' for module, signal in signals]
    for module, inputs in design.shared.items():
        lines.append(f'no_inline -module "{module}"')
        lines += [f'public_flat_rd -module "{module}" -var "{port}"' for port in inputs]
    return "\n".join(["`verilator_config", *lines, ""])


def _jobs() -> int:
    return int(os.environ.get("MIXDIT_BUILD_JOBS", "2"))


def _run(command: list[str], folder: Path) -> None:
    """Run a build step in ``folder``, its output into ``build.log``."""
    # A surrounding make would pass its job server down in these.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    with open(folder / "build.log", "a") as log:
        log.write(f"$ {shlex.join(command)}\n{result.stdout}")
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-40:])
        raise BuildError(f"{command[0]} failed ({result.returncode}) in {folder}:\n{tail}")
