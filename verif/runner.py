"""Running cocotb test benches on exported Verilog: one cached build per design, honest results."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cocotb_tools.config
from amaranth.lib import wiring
from cocotb_tools.runner import get_runner

from mixdit.sim.coverage import next_file
from mixdit.sim.design import Design
from mixdit.sim.verilate import verilate
from mixdit.sim.waves import record
from verif.icarus import TRACE, build_for_icarus

__all__ = ["BenchError", "BenchResult", "bench_parameters", "run_bench", "seed"]

DEFAULT_SEED = 20250729
"""Seed of every random choice unless ``MIXDIT_SEED`` gives another."""

PARAMETERS_VARIABLE = "MIXDIT_BENCH_PARAMETERS"

VERILATOR_ARGUMENTS = ("--vpi", "--timescale", "1ns/1ns", "-O3", "--output-split", "0")
"""In one C++ file: not optimized, it compiles faster than several that each read Verilator's headers."""


class BenchError(AssertionError):
    """A test of a bench failed, or none ran; the message ends with the simulation's output."""


@dataclass(frozen=True, kw_only=True)
class BenchResult:
    """What one run of a bench left.

    Parameters
    ----------
    tests:
        Names of the cocotb tests that passed.
    folder:
        Where the run's log and results are.
    """

    tests: tuple[str, ...]
    folder: Path


def seed() -> int:
    """The random seed: ``$MIXDIT_SEED``, else ``$COCOTB_RANDOM_SEED``, else a fixed one."""
    return int(os.environ.get("MIXDIT_SEED") or os.environ.get("COCOTB_RANDOM_SEED") or DEFAULT_SEED)


def bench_parameters() -> dict[str, Any]:
    """Inside a simulation: the ``parameters`` that its ``run_bench`` was given."""
    return json.loads(os.environ.get(PARAMETERS_VARIABLE, "{}"))


def run_bench(
    core: wiring.Component | Design,
    name: str,
    test_module: str,
    *,
    folder: Path,
    parameters: Mapping[str, Any] | None = None,
    test_filter: str | None = None,
    ignored_deprecations: tuple[str, ...] = (),
    optimization: str = "-O0",
    simulator: str = "verilator",
) -> BenchResult:
    """Simulate the cocotb tests of ``test_module`` on ``core``, exported as Verilog module ``name``.

    Parameters
    ----------
    core:
        The component. One whose ports are all packet streams is put into an ``AXIStreamTop``; any
        other is exported as it is. Or what takes its place, such as a netlist.
    name:
        Name of the Verilog module, ``dut._name`` in the tests.
    test_module:
        Importable name of the Python module with the cocotb tests.
    folder:
        Where to run; the log, results and coverage files go here. Use pytest's ``tmp_path``.
    parameters:
        JSON values that the tests read with ``bench_parameters()``.
    test_filter:
        Regular expression of the test names to run; all when not given.
    ignored_deprecations:
        Full names of modules whose DeprecationWarnings are not errors.
    optimization:
        How the C++ compiler optimizes the model: not at all, as most take longer to compile than to simulate.
    simulator:
        ``"verilator"``, or ``"icarus"``, in which registers and memories begin unknown.

    In Verilator they begin at random values. The seed is printed and comes from ``MIXDIT_SEED``;
    ``MIXDIT_WAVES`` asks for a waveform (``mixdit.sim.waves``). Raises ``BenchError`` when a test fails or
    when no test ran.
    """
    design = core if isinstance(core, Design) else Design.of(core, name)
    build = build_for_icarus(design) if simulator == "icarus" else _build_for_verilator(design, optimization)
    wave = record(design)
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{name}: MIXDIT_SEED={seed()} in {folder}")
    log, results = folder / "simulation.log", folder / "results.xml"
    warnings = [
        "error::DeprecationWarning",
        *(f"ignore::DeprecationWarning:{m}" for m in ignored_deprecations),
    ]
    try:
        get_runner(simulator).test(
            test_module=test_module,
            hdl_toplevel=name,
            hdl_toplevel_lang="verilog",
            build_dir=build,
            test_dir=folder,
            test_filter=test_filter,
            seed=seed(),
            plusargs=_PLUSARGS[simulator](design, wave),
            test_args=["--trace", "--trace-file", str(wave)] if wave and simulator == "verilator" else [],
            results_xml=str(results.resolve()),
            log_file=log.resolve(),
            extra_env={
                "COCOTB_REWRITE_ASSERTION_FILES": "verif/*.py",  # all of *.py, NumPy too, takes a second
                "PYTHONWARNINGS": ",".join(warnings),
                PARAMETERS_VARIABLE: json.dumps(dict(parameters or {})),
            },
        )
        failure = ""
    except (SystemExit, RuntimeError) as error:
        failure = str(error)
    passed, failed = _read_results(results)
    if failure or failed or not passed:
        tail = "\n".join(log.read_text().splitlines()[-80:]) if log.exists() else ""
        what = f"failed: {', '.join(failed)}" if failed else failure or "no test ran"
        raise BenchError(f"{name}, {test_module}: {what}\n{tail}\nLog: {log}")
    return BenchResult(tests=tuple(passed), folder=folder)


def _build_for_verilator(design: Design, optimization: str) -> Path:
    libraries = cocotb_tools.config.libs_dir
    linking = f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"
    return verilate(
        design,
        kind="cocotb",
        arguments=VERILATOR_ARGUMENTS,
        link=["--exe", "-o", design.name, "-LDFLAGS", linking],
        cpp=[cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"],
        make_variables={"OPT_FAST": optimization},
    )


def _plusargs_of_verilator(design: Design, wave: Path | None) -> list[str]:
    power_up = ["+verilator+rand+reset+2", f"+verilator+seed+{seed() % (2**31 - 1) + 1}"]
    counts = next_file(design)
    return [*power_up, *([f"+verilator+coverage+file+{counts}"] if counts else [])]


_PLUSARGS = {
    "verilator": _plusargs_of_verilator,
    "icarus": lambda design, wave: [f"+{TRACE}={wave}"] if wave else [],
}


def _read_results(path: Path) -> tuple[list[str], list[str]]:
    """Names of the tests that passed and that did not, from a JUnit file; none without a file."""
    passed, failed = [], []
    if path.is_file():
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(case.get("name", "?"))
            elif case.find("skipped") is None:
                passed.append(case.get("name", "?"))
    return passed, failed
