"""Where output goes wrong: full disks, closed pipes, folders that are missing or taken, two writers."""

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from gen import cli
from gen.designs import DESIGNS
from gen.designs.register_map import c_header
from gen.files import replacing, write_files, write_text
from gen.package import make_package

CALL = [sys.executable, "-c", "from gen.cli import main; main()"]
CONVERTER = ["verilog", "--top", "mx_converter", "--store", "store"]


@pytest.fixture
def mixdit(capsys, monkeypatch, tmp_path):
    """``mixdit(arguments...)`` in an empty folder: exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        return caught.value.code, *capsys.readouterr()

    return run


@contextmanager
def room_for(size):
    """Files cannot become larger, as on a disk that is nearly full."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def files(folder="."):
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_full_disk_is_named_and_leaves_nothing(mixdit):
    assert mixdit(*CONVERTER, "-o", "before")[0] == 0
    with room_for(20_000):
        code, out, err = mixdit(*CONVERTER, "-o", "out")
    assert (code, out) == (1, "")
    assert err == "mixdit: out/mx_converter/mx_converter.v: File too large\n"
    assert files("out") == {}


def test_a_full_disk_leaves_the_export_that_was_there(mixdit):
    mixdit(*CONVERTER, "-o", "other", "--target", "ecp5")
    mixdit(*CONVERTER, "-o", "out")
    before = files("out")
    with room_for(20_000):
        assert mixdit(*CONVERTER, "-o", "out", "--target", "ecp5")[0] == 1
    assert files("out") == before


@pytest.mark.parametrize("size", [0, 1000])
def test_registers_are_written_whole_or_not_at_all(mixdit, size):
    Path("map.h").write_text("mine")
    with room_for(size):
        assert mixdit("registers", "--c", "-o", "map.h") == (1, "", "mixdit: map.h: File too large\n")
    assert files() == {"map.h": b"mine"}


def test_a_store_that_is_full_or_cannot_be_made_costs_time_only(mixdit, monkeypatch):
    made, design = [], DESIGNS["mx_converter"]
    package = make_package(design, design.top({}), design.name)
    monkeypatch.setattr("gen.package_store.make_package", lambda *a: made.append(a) or package)
    Path("taken").write_text("")
    assert mixdit("verilog", "--top", "mx_converter", "--store", "taken", "-o", "a")[0] == 0
    with room_for(150_000):  # the Verilog fits, the store's one file with everything does not
        assert mixdit(*CONVERTER, "-o", "b")[0] == 0
    assert len(made) == 2
    assert files("a") == files("b") != {}


def test_registers_make_the_folder(mixdit):
    assert mixdit("registers", "--c", "-o", "new/folder/map.h") == (0, "", "")
    assert files() == {"new/folder/map.h": c_header().encode()}


def test_what_is_no_file_is_written_to(mixdit):
    """Not replaced: that would take /dev/null from everybody."""
    assert mixdit("registers", "-o", os.devnull)[0] == 0
    assert not Path(os.devnull).is_file()


def test_a_link_stays_one(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_errors_of_others_keep_their_names(tmp_path):
    with pytest.raises(OSError, match=r"\[Errno 7\] seven: 'elsewhere'"), replacing(tmp_path / "x"):
        raise OSError(7, "seven", "elsewhere")
    with pytest.raises(OSError, match=r"^a sentence$"), replacing(tmp_path / "x"):
        raise OSError("a sentence")
    with pytest.raises(OSError, match=f"seven: '{tmp_path / 'x'}'"), replacing(tmp_path / "x"):
        raise OSError(7, "seven")


def test_names_that_no_file_can_have(tmp_path):
    with pytest.raises(OSError, match="too long"):
        write_files(tmp_path, {"a" * 300: ""})
    assert list(tmp_path.iterdir()) == []


def environment():
    """That of this process, but that output is buffered, as users have it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}


def call(*arguments, stdout):
    return subprocess.run(
        [*CALL, *arguments], env=environment(), stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def test_a_closed_pipe_is_no_error(tmp_path):
    for arguments in (["registers"], ["targets"], ["targets", "--json"], ["--help"], ["--version"]):
        reader, writer = os.pipe()
        os.close(reader)
        run = call(*arguments, stdout=writer)
        os.close(writer)
        assert (run.returncode, run.stderr) == (1, ""), arguments


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
@pytest.mark.parametrize("arguments", [["registers"], ["targets"]])
def test_a_full_standard_output_is_named(arguments):
    with open("/dev/full", "w") as full:
        run = call(*arguments, stdout=full)
    assert (run.returncode, run.stderr) == (1, "mixdit: standard output: No space left on device\n")


@pytest.mark.slow
def test_two_at_a_time_write_the_same(tmp_path):
    def start(folder):
        command = [*CALL, *CONVERTER, "--target", "ecp5", "-o", folder]
        return subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)

    for processes in ([start("alone")], [start("out"), start("out")]):
        for process in processes:
            _, err = process.communicate(timeout=60)
            assert (process.returncode, err) == (0, "")
    assert files(tmp_path / "out") == files(tmp_path / "alone") != {}
