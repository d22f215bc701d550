"""What the report says about engines."""

import pytest

from gen.synth.families import FAMILIES
from gen.synth.placement import Placement
from gen.synth.result import Result, Timing
from gen.synth.subjects import Built
from perf.ppa.engine import engine, engine_overhead
from perf.ppa.goals import GOALS
from perf.ppa.report import make_report
from perf.ppa.standard import ENGINES, PIECES, TITLES, standard_set


def result(lut, ff, ram=0, fmax=None):
    built = Built(
        name="",
        top="",
        parameters={"rows": 4},
        verilog="",
        macs_per_cycle=None,
        elements_per_cycle=None,
    )
    placement = Placement(comb=lut, ff=ff, comb_available=83640, fmax_mhz=fmax, worst_path=None)
    return Result(
        built=built,
        family=FAMILIES["ecp5"],
        dsp=False,
        area=FAMILIES["ecp5"].area({"LUT4": lut, "TRELLIS_FF": ff, "DP16KD": ram}),
        trimmed=Timing(seeds={1: placement}) if fmax else None,
    )


def rows(results):
    (section,) = engine(results)
    lines = (line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| "))
    return {cells[0]: cells[1:] for cells in lines}


def test_overhead_is_what_the_engine_adds_to_its_array():
    results = {"array_4x4": result(10000, 20000), "engine_4x4": result(15000, 21000)}
    assert engine_overhead(results, "engine_4x4", "lut") == pytest.approx(0.5)
    assert engine_overhead(results, "engine_4x4", "ff") == pytest.approx(0.05)
    assert rows(results)[TITLES["engine_4x4"]][-2:] == ["+50%", "+5%"]


def test_overhead_needs_both_runs():
    results = {"engine_4x4": result(15000, 21000)}
    assert engine_overhead(results, "engine_4x4", "lut") is None
    assert engine_overhead({}, "engine_4x4", "lut") is None
    assert list(engine({"array_4x4": result(1, 1)})) == []


def test_goals_compare_the_engine_with_its_array():
    (goal,) = (goal for goal in GOALS if goal.run == "engine_4x4" and goal.beside)
    results = {"array_4x4": result(10000, 20000), "engine_4x4": result(15000, 21000)}
    assert goal.value(results) == pytest.approx(50)
    assert goal.value({"engine_4x4": results["engine_4x4"]}) is None


def test_report_names_what_is_not_measured():
    report = make_report({"engine_4x4": result(15000, 21000)}, seeds=1, frequency_mhz=300)
    (line,) = (line for line in report.splitlines() if line.startswith("Not measured yet"))
    names = line.partition(" with it: ")[2].removesuffix(".").split("; ")
    assert names == [title for name, title in TITLES.items() if name != "engine_4x4"]
    assert f"| {TITLES['array_8x8']} | Fmax | - | >= 175 | >= 200 | not measured |" in report


def test_report_tells_what_was_not_placed_and_why():
    report = make_report({"array_8x8": result(60000, 67000)}, seeds=1, frequency_mhz=300)
    assert f"| {TITLES['array_8x8']} | Fmax | - | >= 175 | >= 200 | **not placed** |" in report
    assert f"- {TITLES['array_8x8']}, Fmax: neither placer of nextpnr ends" in report


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (result(41820, 100, fmax=123.4), "123 MHz"),
        (result(83640, 83640, 208), "not placed"),
        (result(83641, 0), "does not fit"),
        (result(0, 83641), "does not fit"),
        (result(0, 0, 209), "does not fit"),
    ],
)
def test_report_tells_whether_an_engine_was_placed(found, text):
    assert rows({"engine_8x8": found})[TITLES["engine_8x8"]][3] == text


def test_shares_are_those_of_the_device():
    lut, ff, ram = rows({"engine_8x8": result(41820, 83640, 104)})[TITLES["engine_8x8"]][:3]
    assert (lut, ff, ram) == ("41,820 (50%)", "83,640 (100%)", "104 (50%)")


def test_engine_and_array_beside_it_have_the_same_parameters():
    requests = standard_set(3)
    for name, array in ENGINES.items():
        of_array = requests[array].parameters
        assert of_array.items() <= requests[name].parameters.items()


@pytest.mark.parametrize(
    ("array", "path", "remainder", "slowest"),
    [
        (95.4, 80.1, 61.2, "61 MHz at most, that of its slowest piece (engine 8x8: all but "),
        (95.4, 58.7, 61.2, "59 MHz at most, that of its slowest piece (engine 8x8: its result path)"),
        (51.8, 58.7, 61.2, "52 MHz at most, that of its slowest piece (array 8x8 "),
    ],
)
def test_an_engine_beyond_the_device_is_as_fast_as_its_slowest_piece(array, path, remainder, slowest):
    results = {
        "array_8x8": result(61000, 62000, fmax=array),
        "engine_8x8": result(92000, 83000),
        "engine_8x8_results": result(15000, 11000, fmax=path),
        "engine_8x8_remainder": result(19000, 15000, fmax=remainder),
    }
    (section,) = engine(results)
    assert slowest in section
    assert rows(results)[TITLES["engine_8x8_remainder"]][3] == "61 MHz"
    del results["engine_8x8_results"]
    (section,) = engine(results)
    assert "at most" not in section


def test_pieces_have_the_parameters_of_their_engine():
    requests = standard_set(3)
    for name, pieces in PIECES.items():
        for piece in pieces:
            assert requests[piece].parameters == requests[name].parameters
            assert requests[piece].placed
            assert bool(requests[piece].without) != bool(requests[piece].only)


def test_a_run_without_seeds_is_synthesized_only():
    request = standard_set(3)["engine_8x8"]
    assert not request.placed
    assert request.steps == 2
