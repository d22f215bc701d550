"""The command: what it writes, what it prints, how it fails."""

import hashlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

import gen
from gen import application, cli
from gen.designs import DESIGNS, PARAMETERS

CALL = [sys.executable, "-c", "from gen.cli import main; main()"]
ARRAY = ["verilog", "--top", "mx_array", "--rows", "2", "--cols", "2", "--drain-rows", "2", "--k-blocks", "4"]


@pytest.fixture
def mixdit(capsys, monkeypatch, tmp_path_factory):
    """``mixdit(arguments...)`` in an empty folder: exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path_factory.mktemp("working directory"))

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return caught.value.code, output.out, output.err

    return run


BAD = {
    "top": (["--top", "nope"], "--top must be one of mx_quantizer, "),
    "no rows": (["--rows", "0"], "rows must be"),
    "negative": (["--top", "mx_array", "--cols", "-1"], "cols must be"),
    "word": (["--rows", "eight"], "--rows must be an integer, not 'eight'"),
    "fraction": (["--cols", "2.5"], "--cols must be an integer, not '2.5'"),
    "drain": (["--rows", "8", "--drain-rows", "3"], "drain_rows must divide rows"),
    "blocks": (["--k-blocks", "0"], "k_blocks must be"),
    "bits": (["--fraction-bits", "99"], "fraction_bits must be"),
    "target": (["--target", "asic"], "--target must be one of generic, ecp5, "),
    "foreign": (["--top", "mx_quantizer", "--rows", "8"], "mx_quantizer has no parameter rows"),
    "name": (["--top", "mx_array", "--name", "my array"], "name must be letters, digits"),
    "name of all": (["--name", "mine"], "name is for one design"),
    "option": (["--depth", "8"], "No such option: --depth"),
    "argument": (["more"], "unexpected extra argument"),
    "nothing": (["--top"], "requires an argument"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_parameter_is_one_line_and_writes_nothing(arguments, message, tmp_path):
    run = subprocess.run(
        [*CALL, "verilog", "-o", "out", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("mixdit: ")
    assert run.stderr.count("\n") == 1
    assert message in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_same_bytes_in_any_folder_and_with_any_hash_seed(tmp_path):
    trees = []
    for seed in ("0", "4242"):
        folder = tmp_path / f"seed {seed}"
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([*CALL, *ARRAY, "-o", "out"], cwd=folder, env=environment, check=True)
        files = sorted((folder / "out").rglob("*"))
        trees.append({file.relative_to(folder): file.read_bytes() for file in files if file.is_file()})
    assert trees[0] == trees[1]
    assert len(trees[0]) >= 5


@pytest.mark.slow
def test_other_parameters_make_other_verilog(mixdit, tmp_path):
    mixdit(*ARRAY, "-o", tmp_path / "a")
    mixdit(*ARRAY, "--fraction-bits", "9", "-o", tmp_path / "b")
    texts = [(tmp_path / name / "mx_array" / "mx_array__pe.v").read_text() for name in "ab"]
    assert texts[0].split("\nmodule ", 1)[1] != texts[1].split("\nmodule ", 1)[1]


def test_second_export_changes_nothing(mixdit, tmp_path):
    top = ["verilog", "--top", "mx_converter", "-o", tmp_path]
    out = mixdit(*top)[1]
    count = len([*(tmp_path / "mx_converter").iterdir()])
    assert f" {count} written" in out
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert f" {count} up to date" in mixdit(*top)[1]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times


def test_json_lists_what_was_written(mixdit, tmp_path):
    code, out, err = mixdit(*ARRAY, "-o", tmp_path, "--json")
    assert (code, err) == (0, "")
    (summary,) = json.loads(out)
    assert summary["design"] == "mx_array"
    assert summary["parameters"]["k_blocks"] == 4
    folder = tmp_path / "mx_array"
    assert summary["directory"] == str(folder)
    for name, digest in summary["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_name_is_that_of_folder_files_and_modules(mixdit, tmp_path):
    top = ["verilog", "--top", "mx_converter", "-o", tmp_path]
    code, out, _ = mixdit(*top, "--name", "mine")
    assert code == 0
    assert out.splitlines()[1].startswith("mine ")
    (folder,) = tmp_path.iterdir()
    assert folder.name == "mine"
    others = {path.name for path in folder.iterdir() if not path.name.startswith("mine")}
    assert others == {"manifest.json", "component.xml", "package_ip.tcl"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["design"], manifest["top"]) == ("mx_converter", "mine")
    files = {path: path.read_text() for path in folder.iterdir()}
    assert [
        path.name for path, text in files.items() if re.search(r"mx_converter(?! --name mine)", text)
    ] == ["manifest.json"]
    assert "\nname: mixdit:rtl:mine:" in files[folder / "mine.core"]
    mixdit(*top)  # from the same store
    assert "\nmodule mx_converter(" in (tmp_path / "mx_converter/mx_converter.v").read_text()


@pytest.mark.sweep
def test_all_is_the_default_and_gives_each_design_its_parameters(mixdit, tmp_path):
    code, out, _ = mixdit("verilog", *ARRAY[3:], "-o", tmp_path)
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(DESIGNS)
    assert all(name in out for name in DESIGNS)


def test_changed_and_missing_files_are_written_again(mixdit, tmp_path, monkeypatch):
    top = ["verilog", "--top", "mx_converter", "-o", tmp_path]
    mixdit(*top)
    files = {path: path.read_bytes() for path in (tmp_path / "mx_converter").iterdir()}
    (tmp_path / "mx_converter/mx_converter.v").write_text("// mine\n")
    (tmp_path / "mx_converter/manifest.json").unlink()
    monkeypatch.delattr("gen.package_store.make_package")  # the conversion is not repeated for it
    assert f" {len(files)} written" in mixdit(*top)[1]
    assert {path: path.read_bytes() for path in (tmp_path / "mx_converter").iterdir()} == files


@pytest.mark.parametrize("command", ["verilog", "synth"])
def test_every_parameter_has_its_option(command, mixdit, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    text = mixdit(command, "--help")[1]
    assert {name for design in DESIGNS.values() for name in design.parameters} == set(PARAMETERS)
    for name, meaning in PARAMETERS.items():
        assert f"--{name.replace('_', '-')} " in text
        assert meaning[1:] in text


def test_folder_that_cannot_be_written_is_one_line(mixdit, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = mixdit("verilog", "--top", "mx_converter", "-o", tmp_path / "file")
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_version_and_help(mixdit):
    assert mixdit("--version") == (0, f"mixdit-rtl {gen.__version__}\n", "")
    code, out, _ = mixdit("--help")
    assert code == 0
    assert "verilog" in out
    assert mixdit()[1] == out


def test_unknown_command_is_one_line(mixdit):
    code, out, err = mixdit("wash")
    assert (code, out, err) == (2, "", "mixdit: No such command 'wash'.\n")


class TestCommandsOfOtherPackages:
    @pytest.fixture
    def point(self, monkeypatch):
        """``point(value)``: make ``mixdit wash`` the entry point ``value``."""

        def install(value):
            made = EntryPoint(name="wash", value=value, group="mixdit.commands")
            monkeypatch.setattr(application, "entry_points", lambda group: [made])

        return install

    def test_runs_with_its_options(self, mixdit, point, monkeypatch, tmp_path):
        (tmp_path / "laundry.py").write_text(
            'def wash(degrees: int = 30):\n    """Wash it."""\n    print(degrees + 1)\n'
        )
        monkeypatch.syspath_prepend(tmp_path)
        point("laundry:wash")
        assert mixdit("wash", "--degrees", "60") == (0, "61\n", "")
        assert "Wash it." in mixdit("--help")[1]

    def test_missing_extra_names_the_way_to_install_it(self, mixdit, point):
        point("no_such_package:wash [suds]")
        code, out, err = mixdit("wash")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "wash needs the Python package 'no-such-package': `" in err
        assert "-m pip install no-such-package` gets it" in err
        assert "needs the Python package 'no_such_package'" in mixdit("--help")[1]

    def test_is_not_loaded_for_another_command(self, mixdit, point, tmp_path):
        point("no_such_package:wash")
        assert mixdit("verilog", "--top", "mx_converter", "-o", tmp_path)[0] == 0
