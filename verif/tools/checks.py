"""What each tool does with a design, or with two in one system."""

import inspect
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.flows.fusesoc import VERILATOR_WAIVERS
from verif.call import call
from verif.lint import CHECKS
from verif.package_bench import build_in_verilator, check_passed, in_icarus
from verif.tools.designs import Exported, bench_of, system_of

__all__ = ["TOOLS", "Run", "fusesoc", "simulate_in_icarus", "simulate_in_verilator"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What to check.

    Parameters
    ----------
    designs:
        One, or two that are placed in one system.
    generation:
        Of the language: ``"2005"`` is Verilog, ``"2012"`` SystemVerilog.
    folder:
        An empty one to work in.
    environment:
        In which the tools are on the path.
    """

    designs: Sequence[Exported]
    generation: str
    folder: Path
    environment: Mapping[str, str]

    def call(self, *command: str | Path) -> str:
        """What a command prints; raises ``ToolError`` with it if it fails."""
        return call(command, self.folder, environment=self.environment)

    @property
    def sources(self) -> list[Path]:
        """Verilog of all designs."""
        return [source for design in self.designs for source in design.sources]

    def check_passed(self, output: str) -> None:
        """Raise ``ToolError`` unless the bench of every design passes."""
        for design in self.designs:
            check_passed(output, design.name)


def simulate_in_icarus(run: Run) -> str | None:
    """The bench in Icarus Verilog."""
    if shutil.which("iverilog") is None:
        return "iverilog is not on PATH"
    files, top = bench_of(run.designs, run.folder)
    run.check_passed(in_icarus([*run.sources, *files], top, run.folder, run.generation))
    return None


def simulate_in_verilator(run: Run) -> str | None:
    """The bench in Verilator."""
    files, top = bench_of(run.designs, run.folder)
    program = build_in_verilator([*run.sources, *files], top, run.folder, run.generation)
    run.check_passed(run.call(program))
    return None


def fusesoc(run: Run, target: str, *options: str) -> str:
    """What FuseSoC prints for a target of a design's core, or of a user's core that depends on two."""
    roots = [word for design in run.designs for word in ("--cores-root", str(design.folder))]
    core = run.designs[0].core
    if len(run.designs) > 1:
        core = "user:own:both"
        roots += ["--cores-root", str(run.folder)]
        (run.folder / "both.core").write_text(_users_core(run))
    return run.call("fusesoc", *roots, "run", "--target", target, core, *options)


def _users_core(run: Run) -> str:
    """A core that places two designs, and simulates the benches of both."""
    system, top = system_of(run.designs, run.folder)
    bench, bench_top = bench_of(run.designs, run.folder)
    waivers = ", ".join(f"-Wno-{waiver}" for waiver in VERILATOR_WAIVERS)
    return f"""\
CAPI=2:
name: user:own:both
filesets:
  parts: {{depend: [{", ".join(f'"{design.core}"' for design in run.designs)}]}}
  rtl: {{files: [{", ".join(file.name for file in system)}], file_type: verilogSource-2005}}
  bench: {{files: [{", ".join(file.name for file in bench)}], file_type: verilogSource-2005}}
targets:
  lint:
    filesets: [parts, rtl]
    toplevel: {top}
    flow: lint
    flow_options: {{tool: verilator, verilator_options: [-Wall, {waivers}]}}
  sim:
    filesets: [parts, bench]
    toplevel: {bench_top}
    flow: sim
    flow_options: {{tool: icarus}}
"""


def lint_in_fusesoc(run: Run) -> str | None:
    """FuseSoC's target ``lint``."""
    fusesoc(run, "lint")
    return None


def simulate_in_fusesoc(run: Run) -> str | None:
    """FuseSoC's target ``sim``."""
    if shutil.which("iverilog") is None:
        return "iverilog is not on PATH"
    run.check_passed(fusesoc(run, "sim"))
    return None


Check = Callable[..., str | None]


def _lint(check: Check) -> Callable[[Run], str | None]:
    """One of ``CHECKS`` on a run. Those without a choice of language check what they know."""

    def run_check(run: Run) -> str | None:
        files, top = system_of(run.designs, run.folder)
        chosen = {"generation": run.generation} if _chooses(check) else {}
        return check([*run.sources, *files], top, **chosen)

    return run_check


def _chooses(check: Check) -> bool:
    return "generation" in inspect.signature(check).parameters


_MOST = ("2005", "two at once")


@dataclass(frozen=True)
class Tool:
    """Rows of the table.

    Parameters
    ----------
    check:
        Returns None, or why it could not check; raises ``ToolError``.
    columns:
        What is run unless all is asked for: two designs at once are one alone and one renamed, too.
    languages:
        Whether it can be told which version of the language it reads.
    """

    check: Callable[[Run], str | None]
    columns: Sequence[str] = _MOST
    languages: bool = True


TOOLS: Mapping[str, Tool] = {
    "Icarus bench": Tool(simulate_in_icarus, ("2005", "2012", "two at once", "renamed")),
    "Verilator bench": Tool(simulate_in_verilator, ("renamed",)),
    **{f"{check.__name__} lint": Tool(_lint(check), languages=_chooses(check)) for check in CHECKS},
    "FuseSoC lint": Tool(lint_in_fusesoc, ("2005",), languages=False),
    "FuseSoC sim": Tool(simulate_in_fusesoc, languages=False),
}
"""Everything that is run, by its name in the table."""
