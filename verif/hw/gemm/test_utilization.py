"""How busy the compiled engine keeps its array and its memory, by its own counters."""

from functools import cache

import pytest

from golden.engine import EngineParameters
from mixdit.sim import EngineHarness, Memory
from perf.speed import bench_rows
from perf.speed.bench_engine import CASES, Case, failures, measure
from verif.hw.gemm.test_campaign import WIDE


@cache
def measured(name: str):
    (case,) = (case for cases in CASES.values() for case in cases if case.name == name)
    with EngineHarness(WIDE) as engine:
        return measure(engine, case)


@pytest.mark.engine
@pytest.mark.parametrize("name", [case.name for case in (*CASES["mixes"], *CASES["M = 2"])])
def test_passes_are_what_the_formats_call_for(name):
    assert failures(measured(name)) == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("name", "key", "least"),
    [
        ("Q x K, 8 heads, MX9", "utilization", 0.98),
        ("P x V, 8 heads, MX9", "utilization", 0.98),
        ("P x V, 8 heads, MX9", "useful", 0.98),
        ("2 rows, MX6", "operand_share", 0.95),
        ("2 rows, MX9", "operand_share", 0.95),
    ],
)
def test_nothing_waits(name, key, least):
    """Heads of attention keep the array busy, products of two rows the memory."""
    result = measured(name)
    assert failures(result) == []
    assert result[key] >= least


@pytest.mark.engine
def test_short_products_do_not_wait_for_their_bias():
    """With as many sums per cycle as a tile of 8 passes gives, a bias costs nothing."""
    busy = []
    for bias in (False, True):
        with EngineHarness(WIDE, adder_lanes=16) as engine:
            result = measure(engine, Case("short", 128, 384, 128, bias=bias))
        assert failures(result) == []
        busy.append(result["utilization"])
    assert busy[1] >= max(0.8, busy[0] - 0.02)


@pytest.mark.engine
def test_two_rows_use_what_bandwidth_there_is():
    (case,) = (case for case in CASES["M = 2"] if case.name == "2 rows, MX6")
    with EngineHarness(WIDE, memory=Memory(bandwidth=0.3)) as engine:
        assert 0.95 * 0.3 <= measure(engine, case)["operand_share"] <= 0.3


@pytest.mark.engine
@pytest.mark.parametrize("name", ["layer norm, modulated", "exponentials"])
def test_norms_take_no_longer_than_rows_as_they_are(name):
    """On a port as fast as the lanes, but for a few cycles per row."""
    parameters = EngineParameters(**bench_rows.ENGINE)
    plain, norm = (bench_rows.measure(parameters, case, 1152) for case in ("as they are", name))
    assert plain["mismatches"] == norm["mismatches"] == 0
    assert norm["cycles_per_row"] < plain["cycles_per_row"] + 10
