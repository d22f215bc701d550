"""Verilog to a compiled Verilator model: one set of flags for every simulation of the project."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from verif.build_cache import cached_build
from verif.toolchain import find_verilator

__all__ = ["BuildError", "PublicSignal", "verilate"]

LINT = (
    "-Wall",
    "-Wno-DECLFILENAME",  # one file holds a top and the modules that it shares
    "-Wno-UNUSEDSIGNAL",  # Amaranth keeps names of values that nothing reads
    "-Wno-PROCASSINIT",  # Amaranth gives registers their reset value as an initial value as well
    "-Wno-WIDTHEXPAND",  # Yosys' writer relies on Verilog's implicit zero extension
    "-Wno-WIDTHTRUNC",  # and on its implicit truncation
    "-Wno-CASEINCOMPLETE",  # an Amaranth FSM of n states has no default branch
)
"""Every warning is an error, but for these, which Amaranth's and Yosys' output cannot avoid."""

PublicSignal = tuple[str, str]
"""A (module, signal) pair that the simulation's driver must see."""


class BuildError(RuntimeError):
    """Verilator or the C++ compiler failed; the message ends with its output."""


def verilate(
    verilog: str,
    top: str,
    *,
    kind: str,
    public: Iterable[PublicSignal],
    arguments: Sequence[str] = (),
    link: Sequence[str] = (),
    cpp: Sequence[Path] = (),
    make_variables: Mapping[str, str] | None = None,
) -> Path:
    """Folder with the model ``Vtop`` of ``verilog``, compiled and linked with the C++ files ``cpp``.

    Parameters
    ----------
    verilog:
        The design.
    top:
        Its top module.
    kind:
        What is built, for the folder's name.
    public:
        Signals to expose. Exposing only these keeps Verilator's optimizer free.
    arguments:
        More arguments for Verilator.
    link:
        Further ones that name and link the result.
    cpp:
        C++ sources to compile and link; ``link`` then says into what.
    make_variables:
        Variables for the makefile, such as OPT_FAST.

    Raises ``BuildError`` on any warning or error, ``ToolchainError`` without a toolchain.
    """
    tool = find_verilator()
    variables = [f"{k}={v}" for k, v in {**tool.make_variables, **(make_variables or {})}.items()]
    control = "`verilator_config\n" + "".join(
        f'public_flat_rw -module "{module}" -var "{signal}"\n' for module, signal in public
    )

    def translate(folder: Path, source: str, module: str, *more: str) -> None:
        (folder / f"{module}.v").write_text(source)
        command = [str(tool.executable), "--cc", "--Mdir", ".", "--top-module", module, "--prefix", "Vtop"]
        _run([*command, *LINT, *arguments, *more, f"{module}.v"], folder)

    def make(folder: Path, *targets: str) -> None:
        _run(["make", f"-j{_jobs()}", "-f", "Vtop.mk", *variables, *targets], folder)

    def build_runtime(folder: Path) -> None:
        translate(folder, "module empty;\nendmodule\n", "empty")
        make(folder, "libverilated.a")

    def build(folder: Path) -> None:
        (folder / "public.vlt").write_text(control)
        translate(folder, verilog, top, *link, *(str(path.resolve()) for path in cpp), "public.vlt")
        runtime = cached_build("verilator-runtime", key, build_runtime)
        # Verilator's own runtime takes longer to compile than a small design: link the shared copy.
        for path in runtime.glob("verilated*.o"):
            shutil.copy(path, folder)
        make(folder)

    key = [tool.version, *LINT, *arguments, *variables]
    sources = [path.read_text() for path in cpp]
    return cached_build(f"{top}-{kind}", [*key, *link, control, verilog, top, *sources], build)


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
