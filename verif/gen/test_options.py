"""Options are alike in all commands, complete in shells, and refuse names that there are not."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from gen import application, cli
from gen.designs import DESIGNS
from gen.synth.families import FAMILIES, RENAMED
from gen.synth.subjects import subject_names
from hw.target.targets import TARGETS
from mixdit.digits.classifier import CLASSIFIERS
from mixdit.digits.recipes import RECIPES

POINTS = [*application.OWN, *entry_points(group="mixdit.commands")]
GROUP = typer.main.get_command(application.application(POINTS))
OPTIONS = [
    pytest.param(parameter, id=f"{name} {parameter.name}")
    for name, command in {"": GROUP, **GROUP.commands}.items()
    for parameter in command.params
]


@pytest.mark.parametrize("option", OPTIONS)
def test_help_is_a_sentence(option):
    assert re.fullmatch(r"[A-Z].*\.", option.help, re.DOTALL), option.help
    assert "[default" not in option.help


@pytest.mark.parametrize("option", OPTIONS)
def test_names_are_alike(option):
    if option.param_type_name == "argument":
        return
    for name in (*option.opts, *option.secondary_opts):
        assert re.fullmatch(r"--[a-z]+(-[a-z]+)*|-[on]", name), name
    long = max(option.opts, key=len)
    wanted = option.type_descriptor
    alike = {
        "--output": option.opts == ["--output", "-o"] and wanted.annotation is Path,
        "--store": wanted.annotation is Path,
        "--json": option.is_flag and option.name == "as_json",
        "--seed": wanted.annotation is int and wanted.parameter_info.min == 0,
        "--jobs": wanted.annotation is int and wanted.parameter_info.min == 1,
    }
    assert alike.get(long, "-o" not in option.opts), long


def test_every_command_that_prints_a_table_prints_json():
    without = {
        name for name, command in GROUP.commands.items() if "as_json" not in {p.name for p in command.params}
    }
    assert without == {"registers"}


def test_train_digits_knows_every_recipe():
    (name,) = (p for p in GROUP.commands["train-digits"].params if p.name == "name")
    assert set(name.type_descriptor.choices) == {*RECIPES, *CLASSIFIERS, "all"}


@pytest.fixture
def complete(capsys, monkeypatch):
    """``complete(line)``: what a shell offers at the end of ``line``."""

    def run(line):
        monkeypatch.setenv("_MIXDIT_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        with pytest.raises(SystemExit) as caught:
            cli.main([])
        assert caught.value.code == 0
        return capsys.readouterr().out.split()

    return run


COMPLETIONS = {
    "mixdit ": {point.name for point in POINTS},
    "mixdit ver": {"verilog"},
    "mixdit verilog --t": {"--top", "--target"},
    "mixdit verilog --top ": {*DESIGNS, "all"},
    "mixdit verilog --top mx_": set(DESIGNS) - {"mixdit_gemm"},
    "mixdit verilog --target ": set(TARGETS),
    "mixdit synth --target xil": {"xilinx", "xilinx7", "xilinx_dsp"},
    "mixdit synth --design ": set(subject_names()),
    "mixdit synth --family ": set(FAMILIES),
    "mixdit synth --placer ": {"heap", "static"},
    "mixdit calibrate --pipeline ": {"dit", "pixart", "sd3", "latte"},
    "mixdit calibrate --low MX": {"MX4", "MX6", "MX9", "MXINT8"},
    "mixdit sample --backend ": {"fast", "exact", "rtl"},
    "mixdit train-digits ": {*RECIPES, *CLASSIFIERS, "all"},
}


@pytest.mark.parametrize("line", COMPLETIONS)
def test_shells_complete(complete, line):
    assert set(complete(line)) == COMPLETIONS[line]


@pytest.mark.slow
def test_bash_completes_with_the_script_that_is_shown(tmp_path):
    mixdit = tmp_path / "mixdit"
    mixdit.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from gen.cli import main; main()' \"$@\"\n")
    mixdit.chmod(0o755)
    script = """
        eval "$(mixdit --show-completion)"
        COMP_WORDS=(mixdit verilog --target xilinx_)
        COMP_CWORD=3
        _mixdit_completion mixdit
        echo "${COMPREPLY[@]}"
    """
    run = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={
            **os.environ,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert (run.stdout, run.stderr) == ("xilinx_dsp\n", "")


@pytest.mark.parametrize(("command", "option", "names"), [
    ("verilog", "--top", {**{name: d.summary for name, d in DESIGNS.items()}, "all": "All of them."}),
    ("verilog", "--target", {name: target.summary for name, target in TARGETS.items()}),
    ("synth", "--target", {name: target.summary for name, target in TARGETS.items()}),
    ("synth", "--family", {name: family.title for name, family in FAMILIES.items()}),
])  # fmt: skip
def test_help_lists_every_name_in_a_line(command, option, names):
    (text,) = (p.help for p in GROUP.commands[command].params if option in p.opts)
    lines = text.split("\n\n")[1:]
    assert [line.partition(": ")[0] for line in lines] == list(names)
    assert all(meaning in line for line, meaning in zip(lines, names.values(), strict=True))


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_is_refused_with_the_new(old, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["synth", "--design", "pe", "--family", old])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"mixdit: --family {old} is called {RENAMED[old]} now\n"


def test_targets_and_families_have_one_set_of_names():
    assert {target.family for target in TARGETS.values()} - {None} <= set(FAMILIES) & set(TARGETS)
    assert all(TARGETS[name].family == name for name in set(TARGETS) & set(FAMILIES))
