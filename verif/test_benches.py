"""The benches' own tests: they pass on a correct device and fail on every faulty one."""

import pytest

from mixdit.sim.design import Design
from mixdit.sim.verilate import BuildError, verilate
from verif.coverage import Coverage, Tally, merge, read_tallies
from verif.passthrough import FAULTS, Passthrough
from verif.runner import BenchError

MODULE = "verif.passthrough_bench"
PARAMETERS = {"beats": 200}


def test_correct_device_passes(bench):
    result = bench(Passthrough(), "passthrough", MODULE, parameters=PARAMETERS)
    assert len(result.tests) == 19
    (tally,) = merge(read_tallies(result.folder))
    assert (tally.missing, tally.outputs) == ([], 1600)


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_device_fails(bench, fault):
    messages = {
        "drop": "is data=",
        "data": "is data=",
        "unstable": "payload changed",
        "retract": "valid dropped",
        "unreset": "is data=",
    }
    with pytest.raises(BenchError, match=messages[fault]):
        bench(
            Passthrough(fault=fault), "passthrough", MODULE, parameters=PARAMETERS, test_filter="beats_pass"
        )


def test_filter_that_matches_nothing_fails(bench):
    with pytest.raises(BenchError):
        bench(Passthrough(), "passthrough", MODULE, test_filter="no_such_test")


def test_module_that_does_not_import_fails(bench):
    with pytest.raises(BenchError, match="no_such_module"):
        bench(Passthrough(), "passthrough", "verif.no_such_module")


def test_deprecated_call_fails(bench, tmp_path, monkeypatch):
    (tmp_path / "deprecated_bench.py").write_text(
        "import warnings, cocotb\n"
        "@cocotb.test()\n"
        "async def warn(dut):\n"
        "    warnings.warn('old name', DeprecationWarning)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BenchError, match="DeprecationWarning: old name"):
        bench(Passthrough(), "passthrough", "deprecated_bench")


def test_lint_warning_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("MIXDIT_SIM_BUILD", str(tmp_path))
    verilog = "module latch(input a, input b, output reg c); always @* if (a) c = b; endmodule"
    with pytest.raises(BuildError, match="LATCH"):
        verilate(Design(name="latch", verilog=verilog, ports=(), shared={}), kind="lint")


def test_coverage_names_missing_bins():
    coverage = Coverage("c", impossible=lambda x, y: x == y == 1, x=(1, 2), y=(1, 2))
    assert len(coverage.tally.hits) == 3
    coverage.hit(x=1, y=2)
    coverage.hit(x=2, y=1)
    with pytest.raises(AssertionError, match=r"1 of 3 bins not hit: .*'2', '2'"):
        coverage.require_full()
    coverage.hit(x=2, y=2)
    coverage.require_full()
    with pytest.raises(KeyError, match="no bin"):
        coverage.hit(x=1, y=1)


def test_tallies_merge_and_survive_json(tmp_path):
    coverage = Coverage("c", x=(1, 2))
    coverage.hit(x=1)
    coverage.compared(5)
    coverage.write(tmp_path)
    (tally,) = merge(read_tallies(tmp_path) * 2)
    assert tally == Tally("c", ("x",), {("1",): 2, ("2",): 0}, 10)
