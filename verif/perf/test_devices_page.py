"""The page on other devices says what their runs found."""

import pytest

from gen.synth.chips import CHIPS
from gen.synth.families import FAMILIES, Area
from gen.synth.placement import Placement
from gen.synth.result import Result, Timing
from gen.synth.standard_cells import Memories
from gen.synth.subjects import MODES, Built
from perf.ppa.devices import RUNS
from perf.ppa.devices_page import document, renewed

BUILT = Built(
    name="pe",
    top="mx_pe",
    parameters={"target": "generic"},
    verilog="",
    macs_per_cycle={mode: 16 / passes for mode, passes in MODES.items()},
    elements_per_cycle=None,
)


def placed(family, **fmax):
    area = FAMILIES[family].area({"LUT4": 1200, "INV": 10, "FD1P3IX" if family == "nexus" else "DFF": 977})
    seeds = {
        seed: Placement(
            comb=1300,
            ff=1000,
            comb_available=12100,
            fmax_mhz=mhz,
            worst_path=None,
            bitstream_bytes=807832,
            seconds=seed + 0.4,
        )
        for seed, mhz in enumerate(fmax.values(), 1)
    }
    tools = [f"tool-of-{family} 1.0"]
    return Result(
        built=BUILT, family=FAMILIES[family], dsp=False, area=area, plain=Timing(seeds=seeds), tools=tools
    )


def cells():
    area = Area(lut=160, carry=0, mux=0, ff=11, dsp=0, ram=0, cells={}, um2=3840.0)
    return Result(
        built=BUILT,
        family=FAMILIES["osu018"],
        dsp=False,
        area=area,
        plain=Timing(seeds={1: Placement(fmax_mhz=366.4, worst_path=None)}),
        memories=Memories(in_flip_flops=5, left_out=7),
    )


def test_rows_have_the_median_seed_and_the_share_without_wrapper():
    page = document(
        {
            "nexus": {
                "element": placed("nexus", a=400.4, b=380, c=410),
                "one seed": placed("nexus", a=399.6),
            },
            "gowin5": {"element": placed("gowin5", a=281)},
        }
    )
    assert "| element | 1,210 | 10.0% | 977 | 0 | 400 MHz | median of 3 | 807,832 | 1 |" in page
    assert "| one seed | 1,210 | 10.0% | 977 | 0 | 400 MHz | one | 807,832 | 1 |" in page
    assert "Tools: tool-of-gowin5 1.0, tool-of-nexus 1.0." in page
    assert "the device's 12,100 LUTs" in page
    for family in ("nexus", "gowin5"):
        assert f"## {FAMILIES[family].title} {CHIPS[family].name}" in page
    assert "Standard cells" not in page


def test_page_on_gowin_says_that_fmax_is_optimistic():
    _, _, section = document({"gowin5": {"element": placed("gowin5", a=281)}}).partition("## Gowin")
    assert "Fmax of a design with block memories is optimistic" in section


def test_standard_cells_have_their_table():
    _, _, section = document({"osu018": {"element": cells()}}).partition("## Standard cells")
    assert "| element | 3,840 | 160 | 11 | 240 | 10 | 366 MHz | 1,526,667 | 5 | 7 |" in section
    assert "wrapper" not in section


def test_runs_are_of_every_device_with_the_same_designs():
    assert RUNS.keys() == {*CHIPS, "osu018"}
    for family, runs in RUNS.items():
        assert {request.family.name for request in runs.values()} == {family}
    for family in CHIPS:
        assert RUNS[family].keys() <= RUNS["osu018"].keys()


def test_sections_that_are_not_measured_again_stay():
    whole = document({"nexus": {"element": placed("nexus", a=400)}, "osu018": {"element": cells()}})
    faster = document({"nexus": {"element": placed("nexus", a=500)}, "osu018": {"element": cells()}})
    assert whole != faster == renewed(whole, {"nexus": {"element": placed("nexus", a=500)}})
    assert renewed(faster, {"osu018": {"element": cells()}}) == faster
    with pytest.raises(ValueError, match="no section '## Gowin"):
        renewed(whole, {"gowin5": {"element": placed("gowin5", a=500)}})
