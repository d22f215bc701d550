"""Goals are told as they are: reached with a star, or not, and what is in the way."""

from dataclasses import replace

import pytest

from perf.rtx3090.baselines import Figure, row
from perf.speedup.goals import SPEEDUPS, goals_table
from verif.perf.cells import made_cell

NETWORK = "dit-xl-2-256"


def baselines(seconds: float):
    """That take so long, the last one up to twice."""
    found = []
    for name in SPEEDUPS:
        most = 2 * seconds if name == "w8a8" else seconds
        found.append(replace(row(NETWORK, name), step=Figure(least=seconds, most=most, status="A")))
    return {NETWORK: found}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(8e-3, ["1.00", "1.00", "1.00"]), (10e-3, ["1.25", "1.25 *", "1.25"]), (30e-3, ["3.75 *"] * 3)],
)
def test_the_least_speedup_counts(seconds, shown):
    (found,) = goals_table([made_cell(8_000_000)], baselines(seconds)).rows
    assert found[4:7] == tuple(shown)


def test_what_is_in_the_way():
    """Of 8 eighths two are the limit, three row jobs."""
    (found,) = goals_table([made_cell(8_000_000)], baselines(8e-3)).rows
    assert found[:4] == ("DiT-XL/2 256", "MX6", "80%", "4.00")
    assert found[7:] == ("row jobs: 3,000,000 cycles", "2.50")


def test_busy_products_and_the_limit():
    cell = made_cell(8_000_000)
    products = cell.time.products | {"CYCLES": 4_000_000, "READ_STALL": 0}
    time = replace(cell.time, products=products, counters=cell.time.counters | {"CYCLES": 4_000_000})
    near = replace(cell, time=time, macs=int(cell.macs * 1.9))
    (found,) = goals_table([near], baselines(8e-3)).rows
    assert found[2:4] == ("100% *", "1.05 *")
    assert found[7].startswith("partial tiles: ")  # the limit is most, and in nobody's way


def test_passes_of_mx9_are_wanted():
    cell = made_cell(8_000_000)
    passes = {"PASSES_SINGLE": 0, "PASSES_QUADRUPLE": 4_000_000}
    many = replace(cell, time=replace(cell.time, products={**cell.time.products, **passes}))
    (found,) = goals_table([many], baselines(8e-3)).rows
    assert found[7] == "row jobs: 3,000,000 cycles"
