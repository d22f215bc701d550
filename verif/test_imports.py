"""The direction of imports, read from the source: who may import whom, and that nothing goes in a circle."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

STAGES = {
    # Writing files, and the packages that the project asks for: these do with the standard library.
    "gen.files": "",
    "gen.markdown": "gen.files",
    "gen.extras": "",
    # What Yosys calls the families and what cells libraries have, which core files and synthesis ask.
    "gen.synth.errors": "",
    "gen.synth.liberty": "gen.synth.errors",
    "gen.synth.families": "gen.synth.liberty",
    # The model.
    "golden": "",
    "golden.engine": "golden",
    # The hardware. What all parts of `hw.gemm` measure by lies below them in one file, the engine made of
    # them above.
    "hw": "",
    "hw.shared_module": "",
    "hw.target": "golden hw.shared_module",
    "hw.stream": "hw.target",
    "hw.axi": "hw.stream",
    "hw.block": "hw.stream",
    "hw.functions": "hw.block",
    "hw.array": "hw.block",
    "hw.gemm.geometry": "golden.engine",
    "hw.gemm.memory_format": "golden.engine hw.block",
    "hw.gemm.jobs": "hw.gemm.geometry hw.gemm.memory_format hw.axi",
    "hw.gemm.operands": "hw.gemm.jobs hw.array",
    "hw.gemm.tiles": "hw.gemm.operands",
    "hw.gemm.results": "hw.gemm.tiles hw.functions",
    "hw.gemm.reorder": "hw.gemm.results",
    "hw.gemm": "hw.gemm.reorder",
    # Export and synthesis. The command lies above both, in a file of its own.
    "gen": "gen.extras gen.markdown gen.synth.families hw hw.gemm",
    "gen.synth": "gen",
    "gen.targets_command": "gen.synth",
    "gen.application": "gen.targets_command",
    "gen.cli": "gen.application",
    "gen.__main__": "gen.cli",
    # What users import. The driver and the PyTorch layers need the model alone.
    "mixdit": "gen.files",
    "mixdit.driver": "mixdit golden.engine",
    "mixdit.sim": "mixdit.driver gen",
    "mixdit.litex": "mixdit",
    "mixdit.tensors": "mixdit golden",
    "mixdit.plan": "mixdit.tensors golden.engine",
    "mixdit.timesteps": "mixdit.plan",
    "mixdit.layers": "mixdit.timesteps",
    "mixdit.digits": "mixdit.layers",
    "mixdit.rounding": "mixdit.layers",
    "mixdit.calibration": "mixdit.rounding",
    "mixdit.rivals": "mixdit.calibration mixdit.digits",
    "mixdit.tasks": "mixdit",
    "mixdit.quality": "mixdit.rivals mixdit.tasks",
    "mixdit.search": "mixdit.quality",
    "mixdit.compare": "mixdit.quality gen",
    "mixdit.demo": "mixdit.quality mixdit.sim",
    "mixdit.compiler": "mixdit.demo",
    # Measurements and tests, which nothing above imports.
    "perf": "",
    "perf.accuracy": "mixdit.quality gen.markdown",
    "perf.baselines": "hw.gemm",
    "perf.ppa": "perf.baselines gen.targets_command",
    "perf.cycles": "mixdit.sim mixdit.plan",
    "perf.speed": "mixdit.quality mixdit.compiler",
    "perf.workloads": "gen.markdown",
    "perf.rtx3090": "perf.workloads",
    "perf.quality": "mixdit.quality gen.markdown",
    "perf.speedup": "perf.cycles perf.rtx3090 perf.quality mixdit.compiler",
    "perf.explore": "perf.speedup gen.synth mixdit.tasks",
    "verif": "perf perf.accuracy perf.cycles perf.explore perf.ppa perf.speed mixdit.search"
    " mixdit.compare mixdit.compiler mixdit.litex gen.__main__",
}
"""What each stage may import, besides itself: these stages, and what these may import.

A stage is a package or a module, with all in it that is no stage of its own.
"""

REFERENCE = re.compile(r"((?:\w+\.)*\w+):(\w+)( \[\w+\])?")
"""An object by the text ``module:name``, as designs and entry points name it."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the project: its file, by its name."""
    found = {}
    for package in sorted({stage.partition(".")[0] for stage in STAGES}):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def named(node: ast.AST) -> Iterator[str]:
    """Modules, and names in modules, that one node of a syntax tree imports."""
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "a relative import: the house writes full names"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Constant) and (match := REFERENCE.fullmatch(str(node.value))):
        yield match[1]


@cache
def imports(module: str) -> frozenset[str]:
    """Modules of the project that a module imports anywhere in its text, or names in a reference."""
    found = set()
    for node in ast.walk(tree(module)):
        for name in named(node):
            known = next((n for n in (name, name.rpartition(".")[0]) if n in modules()), module)
            found.add(known)
    return frozenset(found - {module})


def stage_of(module: str) -> str:
    """The stage that a module belongs to: the one with the longest name."""
    stages = [stage for stage in STAGES if f"{module}.".startswith(f"{stage}.")]
    return max(stages, key=len)


@cache
def below(stage: str) -> frozenset[str]:
    """All stages that a stage may import."""
    direct = STAGES[stage].split()
    return frozenset(direct).union(*map(below, direct))


def folder_of(module: str) -> str:
    """The package that a module lies in, or its own name where that is a stage."""
    return module if module in STAGES or modules()[module].stem == "__init__" else module.rpartition(".")[0]


def test_imports_follow_the_stages():
    wrong = [
        f"{module} imports {other}"
        for module in modules()
        for other in imports(module)
        if stage_of(other) not in below(stage_of(module)) | {stage_of(module)}
    ]
    assert wrong == []


def test_every_stage_is_there_and_stands_below_what_may_import_it():
    stages = list(STAGES)
    assert {stage_of(module) for module in modules()} == set(stages)
    for place, stage in enumerate(stages):
        assert set(STAGES[stage].split()) <= set(stages[:place]), stage


def test_no_circle_of_modules():
    TopologicalSorter({module: imports(module) for module in modules()}).prepare()


def test_no_circle_of_folders():
    folders = {folder_of(module): set() for module in modules()}
    for module in modules():
        folders[folder_of(module)] |= {folder_of(other) for other in imports(module)} - {folder_of(module)}
    TopologicalSorter(folders).prepare()


def references() -> Iterator[tuple[str, str]]:
    """Every ``module:name`` of the project: its entry points, and those in the source of what it ships."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = list(project["scripts"].values())
    texts += [text for group in project["entry-points"].values() for text in group.values()]
    for module in modules():
        if stage_of(module) != "verif":
            texts += [n.value for n in ast.walk(tree(module)) if isinstance(n, ast.Constant)]
    for text in texts:
        match = REFERENCE.fullmatch(str(text))
        if match and match[1].partition(".")[0] in STAGES:
            yield match[1], match[2]


def test_references_name_what_there_is():
    found = set(references())
    assert {("gen.cli", "main"), ("hw.gemm.engine", "Engine")} <= found
    for module, name in found:
        assert name in {getattr(node, "name", None) for node in tree(module).body}, f"{module}:{name}"


LIGHT = (
    *("mixdit", "mixdit.driver", "mixdit.sim", "mixdit.demo"),
    *("mixdit.demo.command", "mixdit.demo.sample", "mixdit.digits.command", "mixdit.quality.command"),
    *("mixdit.compiler.compile_command", "mixdit.compiler.run_command"),
    *("mixdit.compiler.draw_command", "mixdit.compiler.stepwise_run", "perf.speedup.command"),
)
"""Modules that do without torch, which takes seconds to import; --help loads those of the command."""


@pytest.mark.parametrize("module", LIGHT)
def test_torch_waits_until_a_part_needs_it(module):
    code = f"import sys, {module}; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"
