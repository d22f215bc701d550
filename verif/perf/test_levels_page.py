"""The page on levels and fan-outs."""

import pytest

from gen.synth.families import FAMILIES
from gen.synth.fan_out import FanOut, FanOuts
from gen.synth.levels import Chain, Levels
from gen.synth.result import Result
from gen.synth.subjects import Built
from perf.ppa.levels import levels_page, tops
from perf.ppa.report import make_report


def result(levels=3, loads=(5,), many=0, family="ecp5"):
    """A design with a chain of so many levels, and nets with so many loads."""
    chain = Chain(levels=levels, start="core.a", end="core.q", steps=())
    built = Built(name="", top="", parameters={}, verilog="", macs_per_cycle=None, elements_per_cycle=None)
    nets = tuple(
        FanOut(signal=f"core.n{i}", loads=count, roles={"data": count}) for i, count in enumerate(loads)
    )
    clock = FanOut(signal="clk", loads=900, roles={"clock": 900})
    return Result(
        built=built,
        family=FAMILIES[family],
        dsp=False,
        area=FAMILIES[family].area({}),
        levels=Levels(registers=chain, inputs=None, outputs=chain, through=None),
        fan_outs=FanOuts(signals=nets, clocks=(clock,), resets=(), addresses=(), many=many),
    )


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (result(6, (64, 9)), "| x | Lattice ECP5 | 6 | - | 6 | - | 64 | 0 | - |"),
        (result(7, (65,), many=1), "| x | Lattice ECP5 | **7** | - | 7 | - | **65** | 1 | - |"),
        (result(0, ()), "| x | Lattice ECP5 | 0 | - | 0 | - | 0 | 0 | - |"),
    ],
)
def test_what_misses_its_goal_is_bold(found, row):
    assert row in levels_page({"x": found})


def test_signals_are_named_and_clocks_apart():
    page = levels_page({"x": result(1, (7, 6))})
    assert "- x: core.a -> core.q." in page
    assert "- x: `core.n0` 7, `core.n1` 6. Apart: `clk` 900." in page


def test_tops_that_were_not_measured_are_named():
    page = levels_page(dict.fromkeys([*tops()][1:], result()))
    assert f"Not measured: {next(iter(tops()))}.\n" in page
    assert "Not measured" not in levels_page(dict.fromkeys(tops(), result()))


def test_a_run_that_failed_is_told():
    failed = Result(
        built=result().built, family=FAMILIES["ecp5"], dsp=False, area=None, failures=["Yosys: no"]
    )
    page = levels_page({"x": result(), "y": failed})
    assert "| y |" not in page
    assert "- Yosys: no" in page


def test_report_has_levels_where_there_is_no_fmax():
    page = make_report({"pe_gowin": result(4, (70,), family="gowin")}, seeds=1, frequency_mhz=300)
    (row,) = (
        line for line in page.splitlines() if line.startswith("| processing element, Gowin | Gowin GW2A | 0")
    )
    assert row.endswith("| 4 | 70 |")


def test_every_top_is_on_both_families_with_its_own_target():
    requests = tops()
    assert len(requests) == 14
    for request in requests.values():
        assert not request.placed
        assert request.parameters.get("target", request.family.name) == request.family.name
