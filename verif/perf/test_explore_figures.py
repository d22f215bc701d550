"""What follows from results: clocks, limits, the front and the best."""

import random
from dataclasses import replace

import pytest

from perf.explore.columns import SCHEMA
from perf.explore.devices import Limits
from perf.explore.figures import best, figures_of, front


def row(cycles=1000, lut=5000, **values):
    usual = dict.fromkeys(SCHEMA.names) | {"workload": "w", "mix": "MX6", "family": "ecp5", "busy": 600}
    return usual | {"cycles": cycles, "lut": lut, "ff": lut, "block_memories": 10} | values


def test_a_clock_is_measured_or_assumed():
    assumed = figures_of(row(), 200, Limits())
    assert (assumed.clock_mhz, assumed.clock_status, assumed.seconds) == (200, "A", 5e-6)
    assert assumed.speed_per_lut == pytest.approx(1 / 5e-6 / 5)
    assert assumed.busy == 0.6
    measured = figures_of(row(fmax_mhz=80.0), 200, Limits())
    assert (measured.clock_mhz, measured.clock_status, measured.seconds) == (80.0, "M", 12.5e-6)
    assert figures_of(row(cycles=None), 200, Limits()) is None
    assert figures_of(row(lut=None), 200, Limits()).speed_per_lut is None


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"lut": 5000}, ""),
        ({"lut": 4999}, "5000 LUTs, of 4999"),
        ({"ff": 1}, "5000 flip-flops, of 1"),
        ({"block_memories": 9}, "10 block memories, of 9"),
        ({"device": "LFE5U-85F"}, ""),
        ({"device": "LFE5U-85F", "lut": 4000}, "5000 LUTs, of 4000"),
        ({"device": "LIFCL-40"}, "LIFCL-40 is of nexus, not of ecp5"),
    ],
)
def test_limits(limits, says):
    assert Limits(**limits).exceeded(row()) == says
    assert Limits(lut=1).exceeded(row(lut=None)) == ""  # not known


def test_devices_hold_what_they_have():
    for name, lut in (("LFE5U-25F", 24288), ("LFE5U-85F", 83640)):
        limits = Limits(device=name)
        assert limits.exceeded(row(lut=lut)) == ""
        assert limits.exceeded(row(lut=lut + 1)) == f"{lut + 1} LUTs, of {lut}"
    with pytest.raises(ValueError, match=r"must be one of LFE5U-25F, .*, not 'XC7'"):
        Limits(device="XC7")


def test_the_front_is_what_nobody_beats():
    rng = random.Random(2)
    limits = Limits(lut=18)
    figures = [figures_of(row(rng.randint(1, 20), rng.randint(1, 20)), 1, limits) for _ in range(60)]
    figures.append(figures_of(row(1, None), 1, limits))
    inside = [f for f in figures if not f.exceeded and f.lut is not None]
    assert len(inside) < 60

    def beats(a, b) -> bool:
        return a.lut <= b.lut and a.seconds <= b.seconds and (a.lut, a.seconds) != (b.lut, b.seconds)

    expected = {id(f) for f in inside if not any(beats(other, f) for other in inside)}
    found = front(figures)
    assert {id(f) for f in found} == expected
    assert [f.lut for f in found] == sorted(f.lut for f in found)


def test_the_best():
    figures = [figures_of(row(c, lut), 1, Limits(lut=50)) for c, lut in ((9, 10), (5, 30), (1, 60), (6, 20))]
    assert [f.row["cycles"] for f in best(figures, "time", 2)] == [5, 6]
    assert [f.lut for f in best(figures, "LUTs", 9)] == [10, 20, 30]
    assert [f.lut for f in best(figures, "speed per LUT", 9)] == [10, 20, 30]
    unknown = [replace(f, row={**f.row, "lut": None}, exceeded="") for f in figures]
    assert best(unknown, "LUTs", 9) == []
    assert [f.row["cycles"] for f in best(unknown, "time", 9)] == [1, 5, 6, 9]
