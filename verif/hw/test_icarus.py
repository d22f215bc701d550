"""A second simulator: the benches of every top in Icarus Verilog too, and the same traces of its ports."""

import pytest

from gen.designs import DESIGNS
from hw.array.array import Array
from hw.array.array_quantizer import ArrayQuantizer
from hw.block.converter import Converter
from hw.block.dequantizer import Dequantizer
from hw.block.quantizer import Quantizer
from hw.gemm.engine import Engine
from mixdit.sim.design import Design
from mixdit.sim.waves import VARIABLE
from verif.hw.gemm.cocotbext import DEPRECATED
from verif.hw.gemm.test_engine import SMALL as ENGINE
from verif.icarus import read_trace
from verif.passthrough import Passthrough
from verif.port_traces import compare_traces, port_trace
from verif.runner import BenchError, run_bench

PASSTHROUGH = "verif.passthrough_bench"


def traces(core, name, module, folder, monkeypatch, **options):
    """What both simulators record of the ports, the same tests run in both."""
    found = []
    design = Design.of(core, name)
    for simulator in ("verilator", "icarus"):
        monkeypatch.setenv(VARIABLE, str(folder / simulator / "ports"))
        run_bench(design, name, module, folder=folder / simulator, simulator=simulator, **options)
        (file,) = (folder / simulator).glob("*.vcd")
        read = read_trace if simulator == "icarus" else port_trace
        found.append(read(file, design))
    return [from_reset_on(trace) for trace in found]


def from_reset_on(trace):
    """A trace from the first edge on that is out of reset: before it the simulators' own beginnings show."""
    first = next(number for number, ports in enumerate(trace) if ports["rst"] == "0" and number)
    return trace[first + 1 :]


ARRAY = {"rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4}
LATENCY = ArrayQuantizer(**ARRAY).latency
BLOCKS = {"rounds": 1, "examples": 10}

TOPS = {
    "mx_converter": (Converter, {}, "block.block_bench", BLOCKS, "every_code|stall"),
    "mx_quantizer": (Quantizer, {}, "block.block_bench", BLOCKS, "every_case|reset"),
    "mx_dequantizer": (
        Dequantizer,
        {},
        "block.block_bench",
        {"rounds": 1, "examples": 10},
        "every_case|reset",
    ),
    "mx_array": (Array, ARRAY, "array.array_bench", {**ARRAY, "fraction_bits": 17}, "random_tiles|mal|reset"),
    "mx_stream": (ArrayQuantizer, ARRAY, "array.array_quantizer_bench", {"latency": LATENCY}, "random_tiles"),
    "mixdit_gemm": (
        Engine,
        ENGINE,
        "gemm.engine_bench",
        {"engine": ENGINE},
        "one_product|chained_jobs.stalls=none",
    ),
}
"""Of each top: its class and sizes, its bench and what that takes beside, and the tests that both run."""


def test_a_register_slice(tmp_path, monkeypatch):
    options = {"parameters": {"beats": 50}, "test_filter": "beats_pass|reset_forgets"}
    pair = traces(Passthrough(), "passthrough", PASSTHROUGH, tmp_path, monkeypatch, **options)
    found = compare_traces(*pair)
    assert found.differences == ()
    assert found.clocks > 1000
    assert found.unknown < found.known / 100


@pytest.mark.sweep
@pytest.mark.parametrize("top", TOPS)
def test_top(top, tmp_path, monkeypatch, tabulate):
    core, sizes, bench, more, tests = TOPS[top]
    if top == "mixdit_gemm":
        # Bytes without a strobe are unknown, and cocotbext-axi takes whole words.
        monkeypatch.setenv("COCOTB_RESOLVE_X", "zeros")
    parameters = {"unit": top.removeprefix("mx_"), **sizes, **more}
    options = {"parameters": parameters, "test_filter": tests, "ignored_deprecations": DEPRECATED}
    pair = traces(core(**sizes), top, f"verif.hw.{bench}", tmp_path, monkeypatch, **options)
    found = compare_traces(*pair)
    assert found.differences == ()
    assert found.clocks > 100
    assert found.known > 9 * found.unknown
    counts = {"clocks": found.clocks, "bits of ports": found.known, "unknown": found.unknown}
    tabulate("Icarus and Verilator: the same traces", top, counts)


def test_every_top_is_compared():
    assert set(TOPS) == set(DESIGNS)


def test_differences_are_told():
    one = [{"a": "01", "b": "1"}, {"a": "01", "b": "0"}]
    other = [{"a": "0x", "b": "1"}, {"a": "11", "b": "0"}]
    found = compare_traces(one, other)
    assert (found.clocks, found.known, found.unknown) == (2, 5, 1)
    assert found.differences == ("clock 1, a: 01 and 11",)
    assert compare_traces(one, other[:1]).differences == ("2 and 1 clocks",)


def test_a_register_that_no_reset_reaches_is_unknown(tmp_path):
    with pytest.raises(BenchError):
        run_bench(
            Passthrough(fault="unreset"), "passthrough", PASSTHROUGH, folder=tmp_path, simulator="icarus"
        )
