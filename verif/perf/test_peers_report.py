"""What the report says about peers."""

import pytest

from gen.synth.families import FAMILIES
from gen.synth.placement import Placement
from gen.synth.result import Result, Timing
from gen.synth.subjects import Built
from perf.ppa.peers import COMPARED, peers
from perf.ppa.standard import PRECISIONS, TITLES, standard_set


def result(lut, ff, macs, *, family="ecp5", fmax=None, dsp=0):
    built = Built(
        name="",
        top="",
        parameters={},
        verilog="",
        macs_per_cycle=macs,
        elements_per_cycle=None,
    )
    placement = Placement(comb=lut, ff=ff, comb_available=83640, fmax_mhz=fmax, worst_path=None)
    kind = FAMILIES[family]
    cells = {"ecp5": ("LUT4", "TRELLIS_FF", "MULT18X18D"), "xilinx": ("LUT6", "FDRE", "DSP48E2")}[family]
    return Result(
        built=built,
        family=kind,
        dsp=False,
        area=kind.area(dict(zip(cells, (lut, ff, dsp), strict=True))),
        trimmed=Timing(seeds={1: placement}) if fmax else None,
    )


def rows(results):
    (section,) = peers(results)
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]


def test_each_precision_is_set_beside_our_first():
    results = {
        "pe": result(800, 960, {"mx6xmx6": 16, "mx9xmx9": 4}, fmax=300),
        "mxint8": result(1600, 1920, {"mxint8": 16}, fmax=200),
        "bfloat16": result(600, 900, {"bfloat16": 1}),
    }
    _, _, ours, other, mxint8, bfloat16 = rows(results)
    assert ours == [TITLES["pe"], "MX6 x MX6", "16", "50.0", "60.0", "-", "300 MHz", "6.00", "1.00"]
    assert other[1:] == ["MX9 x MX9", "4", "200.0", "240.0", "-", "300 MHz", "1.50", "0.25"]
    assert mxint8[1:] == ["MXINT8", "16", "100.0", "120.0", "-", "200 MHz", "2.00", "0.33"]
    assert bfloat16[1:] == ["bfloat16", "1", "600.0", "900.0", "-", "-", "-", "-"]


def test_without_fmax_luts_alone_are_compared():
    results = {
        "pe_xilinx_dsp": result(160, 400, {"mx6xmx6": 16}, family="xilinx", dsp=8),
        "mxint8_xilinx_dsp": result(640, 400, {"mxint8": 32}, family="xilinx", dsp=16),
    }
    *_, ours, mxint8 = rows(results)
    assert ours[-4:] == ["2", "-", "-", "1.00"]
    assert mxint8[-4:] == ["2", "-", "-", "0.50"]


def test_no_section_without_a_peer():
    assert list(peers({"pe": result(1, 1, {"mx6xmx6": 16})})) == []


@pytest.mark.slow
@pytest.mark.parametrize("group", COMPARED)
def test_runs_are_of_the_standard_set(group):
    runs = standard_set(3)
    built = [
        runs[name].subject.build(runs[name].parameters) for name in COMPARED[group] if "grid" not in name
    ]
    assert all(built.macs_per_cycle.keys() <= PRECISIONS.keys() for built in built)
    assert all(name in runs for name in COMPARED[group])
