"""``mixdit doctor`` and ``mixdit targets``."""

import json
import re
from pathlib import Path

import pytest

from gen import cli, doctor_command, extras
from gen.synth.families import FAMILIES
from gen.verilog import to_verilog
from hw.block.converter import Converter
from hw.target.carry_sum import CarryOp
from hw.target.targets import TARGETS
from verif.gen.blocked_imports import without
from verif.netlist.miters import CarrySumMiter, MultiplexerMiter
from verif.netlist.multiplier_forms import MultiplierForms

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mixdit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        return caught.value.code, *capsys.readouterr()

    return run


def findings(mixdit, code=0):
    found, out, err = mixdit("doctor", "--json")
    assert (found, err) == (code, "")
    report = json.loads(out)
    assert report["works"] is (code == 0)
    return {finding["name"]: finding for finding in report["findings"]}


def test_it_names_everything_with_what_it_is_for(mixdit):
    found = findings(mixdit)
    assert found.keys() == {"Python", *extras.PURPOSES, *doctor_command.PROGRAMS}
    assert found["Python"]["state"] == found["base"]["state"] == "ok"
    assert all(finding["purpose"] for finding in found.values())
    assert all(bool(finding["get"]) is (finding["state"] != "ok") for finding in found.values())
    code, out, _ = mixdit("doctor")
    assert code == 0
    for name, finding in found.items():
        (line,) = (line for line in out.splitlines() if re.match(rf"{re.escape(name)} +[a-z]", line))
        assert finding["state"] in line


def test_what_is_missing_comes_with_its_line(mixdit, monkeypatch):
    version = extras.version

    def without_torch(name):
        if name == "torch":
            raise extras.PackageNotFoundError(name)
        return "0.1" if name == "ruff" else version(name)

    monkeypatch.setattr(extras, "version", without_torch)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    found = findings(mixdit)
    assert (found["dit"]["state"], found["dit"]["found"]) == ("missing", "without torch")
    assert found["dit"]["get"].endswith("tools/setup_venv.py base dit")
    assert found["lint"]["state"] == "other version"
    assert "ruff 0.1, not " in found["lint"]["found"]
    assert found["ghdl"]["get"] == "apt-get install ghdl"
    assert found["dtc"]["get"] == "apt-get install device-tree-compiler"
    lines = mixdit("doctor")[1].splitlines()
    assert f"dit: {found['dit']['get']}" in lines


def test_programs_are_those_that_continuous_integration_installs():
    script = (ROOT / ".ci" / "run").read_text()
    names = re.search(r"^for tool in (.*); do$", script, re.MULTILINE)[1].split()
    packages = dict(re.findall(r"\[(\w+)\]=([\w-]+)", script))
    ours = doctor_command.PROGRAMS
    assert set(names) <= set(ours)
    assert packages.pop("ghdl").startswith(ours["ghdl"][0])  # it has one for each of its code generators
    assert {name: ours[name][0] for name in names if name != "ghdl"} == {
        name: packages.get(name, name) for name in names if name != "ghdl"
    }


@pytest.mark.parametrize("module", ["numpy", "amaranth"])
def test_a_broken_base_is_found(module):
    ((code, out, err),) = without(module, calls=[["doctor", "--json"]])
    assert (code, err) == (1, "")
    base = json.loads(out)["findings"][1]
    assert (base["name"], base["state"]) == ("base", "broken")
    assert base["found"].startswith("no Verilog can be written: ")
    assert base["get"].endswith("tools/setup_venv.py base")


def test_a_base_without_one_of_its_packages_does_not_work(mixdit, monkeypatch):
    monkeypatch.setattr(extras.Requirement, "installed", property(lambda r: r.name != "pyvcd" or None))
    base = findings(mixdit, code=1)["base"]
    assert (base["state"], base["found"]) == ("missing", "without pyvcd")


def test_targets_are_listed_with_what_is_measured(mixdit):
    code, out, _ = mixdit("targets")
    assert code == 0
    rows = {line.split()[0]: line for line in out.splitlines()[1:] if line[:1].strip()}
    assert set(TARGETS) <= set(rows)
    figures = json.loads((ROOT / "docs/ppa/report.json").read_text())
    assert f"{figures['pe']['lut']:,} LUT4, {figures['pe']['fmax_mhz_trimmed']:.0f} MHz on ecp5" in out
    assert "134 LUT6, 8 DSP on xilinx" in rows["xilinx_dsp"]
    assert "not measured" in rows["generic_dsp"]
    assert all(f"{name} ({family.title})" in out for name, family in FAMILIES.items())


def test_targets_as_json(mixdit):
    found = json.loads(mixdit("targets", "--json")[1])
    assert found["families"] == {name: family.title for name, family in FAMILIES.items()}
    for name, target in TARGETS.items():
        assert found["targets"][name]["family"] == target.family
        assert found["targets"][name]["cells"] == list(target.cells)
        assert all(run["parameters"]["target"] == name for run in found["targets"][name]["measured"])
    assert {name for name, target in found["targets"].items() if not target["measured"]} == {"generic_dsp"}


@pytest.mark.parametrize("name", TARGETS)
def test_the_cells_of_a_target_are_those_that_it_places(name):
    parts = [
        CarrySumMiter(CarryOp.XOR_XOR, name, 4, (4,) * 4),
        MultiplexerMiter(8, name),
        Converter(target=name),
    ]
    parts += [MultiplierForms()] if name == "xilinx_dsp" else []
    texts = "\n".join(to_verilog(part, "part") for part in parts)
    placed = set(re.findall(r"^  ([A-Z][A-Z0-9_]+) (?:#\(|\S+ \()", texts, re.MULTILINE))
    assert placed == set(TARGETS[name].cells)
