"""``mixdit place`` as a user calls it; verif/netlist simulates what it places."""

import json
import resource
import subprocess
from pathlib import Path

import pytest

from gen import cli
from gen.synth.floorplan import NoFloorplanError
from gen.synth.synthesis import Netlist
from gen.synth.with_macros import Macros
from verif.gen.synth.test_macros import design, macro

CALL = ["place", "--top", "mx_array", "--rows", "1", "--cols", "1", "-o", "out", "--store", "store"]

BOX = """module mx_array(
  input i,
  output [3:0] o
);
endmodule
"""


@pytest.fixture
def mixdit(capsys, monkeypatch, tmp_path):
    """``mixdit(arguments...)`` in an empty folder, with a netlist of two elements in place of synthesis."""
    monkeypatch.chdir(tmp_path)
    netlist = {"modules": {"mx_array": design()}}

    Path("store").mkdir()
    Path("store/netlist.json").write_text(json.dumps(netlist))

    def with_macros(verilog, top, **options):
        source = Netlist(folder=Path("store"), area=macro().area)
        return Macros(netlist=source, element=macro(), places={"pe_0_0": (2, 11), "pe_0_1": (4, 11)})

    monkeypatch.setattr("gen.synth.place_command.with_macros", with_macros)
    monkeypatch.setattr("gen.synth.place_command.to_verilog", lambda top, name: "")

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        return caught.value.code, *capsys.readouterr()

    return run


def test_what_is_written(mixdit):
    code, out, err = mixdit(*CALL)
    assert (code, err.splitlines()) == (0, ["1/2 mx_array: Verilog", "2/2 mx_array: elements as macros"])
    assert out == "mx_array: 2 elements of 2 x 11 tiles, 300 MHz alone\nin out/mx_array/\n"
    files = {path.name: path.read_text() for path in Path("out/mx_array").iterdir()}
    manifest = json.loads(files["manifest.json"])
    assert {file["name"] for file in manifest["files"]} == files.keys() - {"manifest.json"}
    assert manifest["macros"]["places"] == {"pe_0_0": [2, 11], "pe_0_1": [4, 11]}
    assert json.loads(files["mx_array.json"])["modules"].keys() == {"mx_array"}
    assert 'FREQUENCY PORT "clk" 300 MHZ;\n' in files["mx_array.lpf"]
    assert files["mx_array.black_box.v"].endswith(BOX)
    assert "read_json mx_array.json\n" in files["join.ys"]
    assert "--target ecp5" in files["place.sh"], "its command line, with what was left out"


def test_again_changes_nothing(mixdit):
    mixdit(*CALL)
    code, out, _ = mixdit(*CALL, "--json")
    assert code == 0
    assert json.loads(out)["written"] == []


def test_the_script_calls_nextpnr_with_its_files_and_more_options(mixdit):
    mixdit(*CALL)
    run = subprocess.run(
        ["sh", "out/mx_array/place.sh", "--seed", "7"],
        env={"NEXTPNR": "echo", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--85k --speed 6 " in run.stdout
    assert "--json mx_array.json --lpf mx_array.lpf " in run.stdout
    assert run.stdout.endswith(" --seed 7\n")


def test_a_full_disk_leaves_nothing(mixdit):
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, usual[1]))
    try:
        code, out, err = mixdit(*CALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "mixdit: out/mx_array/place.sh: File too large"
    assert list(Path("out").rglob("*.*")) == []


def test_what_has_no_room_is_an_error_and_nothing_is_written(mixdit, monkeypatch):
    def no_room(*arguments, **options):
        raise NoFloorplanError("8 rows of elements, and LFE5U-85F has room for 7")

    monkeypatch.setattr("gen.synth.place_command.with_macros", no_room)
    code, out, err = mixdit(*CALL)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "mixdit: mx_array cannot be placed: 8 rows of elements, and LFE5U-85F has room for 7"
    )
    assert not Path("out").exists()
