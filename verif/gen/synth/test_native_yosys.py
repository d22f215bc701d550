"""Designs for which WebAssembly has not enough memory are mapped by the same Yosys as a native library."""

import sys

import pytest

from gen.synth import synthesis, tools
from gen.synth.errors import OutOfMemoryError, SynthesisError
from gen.synth.families import FAMILIES
from gen.verilog import to_verilog
from hw.stream.skid_buffer import SkidBuffer

VERILOG = to_verilog(SkidBuffer(shape=12), "skid")


def area(store, verilog=VERILOG):
    netlist = synthesis.synthesize(verilog, "skid", family=FAMILIES["ecp5"], dsp=False, store=store)
    return netlist.area


@pytest.mark.slow
def test_both_make_the_same_cells(tmp_path, monkeypatch):
    expected = area(tmp_path / "usual")

    def run(arguments, folder):
        raise OutOfMemoryError("4 GiB")

    monkeypatch.setattr(synthesis.YOSYS, "run", run)
    assert area(tmp_path / "native") == expected
    assert list((tmp_path / "native").glob("*/native_yosys.log"))
    with pytest.raises(SynthesisError, match=r"pyosys: .*native_yosys\.log"):
        area(tmp_path / "wrong", VERILOG.replace("assign i__ready = ~ full;", "assign i__ready = ~ ;"))


@pytest.mark.parametrize(
    ("last", "error"), [("    thrown Wasm exception", OutOfMemoryError), ("ERROR: no", SynthesisError)]
)
def test_only_the_lack_of_memory_is_told_apart(last, error, tmp_path):
    command = [sys.executable, "-c", f"print({last!r}); raise SystemExit(1)"]
    with pytest.raises(SynthesisError) as found:
        tools._run("yosys", command, tmp_path, tmp_path / "log")
    assert type(found.value) is error
