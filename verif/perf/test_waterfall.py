"""Where cycles go: nothing is lost between the limit and what is taken."""

from dataclasses import replace

import pytest

from golden.engine import Operation
from perf.speedup.published import read
from perf.speedup.shares import share_of
from perf.speedup.waterfall import STEPS, waterfall
from perf.speedup.work import products_of, work_of
from verif.perf.cells import block_program, made_cell

CELLS = {f"{cell.network}, {cell.build}, {cell.mix}": cell for cell in read()}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_steps_add_up_to_the_published_cycles(cell):
    """Counted three ways, from sizes, by the products alone, by the whole: none may be below zero."""
    steps = waterfall(cell)
    assert list(steps) == list(STEPS)
    assert sum(steps.values()) == cell.time.counters["CYCLES"]
    assert min(steps.values()) >= 0, steps
    assert steps["limit"] == int(cell.limit * cell.time.build.clock_mhz * 1e6 + 1e-6)
    assert steps["writes"] == cell.time.products["WRITE_STALL"]
    counted = sum(cell.time.products[name] for name in ("PASSES_DOUBLE", "PASSES_QUADRUPLE"))
    assert steps["MX9"] <= counted
    assert cell.time.products["BUSY"] == cell.time.counters["BUSY"]


def test_steps_of_a_cell_reckoned_by_hand():
    steps = waterfall(made_cell(8000))
    assert steps == dict.fromkeys(STEPS, 0) | {
        "limit": 2000,
        "padding": 500,
        "shares": 500,
        "blocks of K": 1,
        "partial tiles": 999,
        "reads": 1000,
        "row jobs": 3000,
    }


def test_passes_of_mx9_are_no_blocks():
    cell = made_cell(8000)
    passes = {"PASSES_SINGLE": 3200, "PASSES_DOUBLE": 400, "PASSES_QUADRUPLE": 400}
    steps = waterfall(replace(cell, time=replace(cell.time, products={**cell.time.products, **passes})))
    assert (steps["partial tiles"], steps["MX9"]) == (999 - 500, 500)
    assert sum(steps.values()) == 8000


@pytest.fixture(scope="module")
def program():
    return block_program("MX6")


def test_work_is_that_of_the_products(program):
    share = share_of(program, 16)
    work = work_of(program, share)
    assert work.shared == program.multiplications
    assert work.own == share.multiplications
    # Queries times keys alone are no whole blocks long: 72 channels.
    short = [job.descriptor for job in share.jobs if job.descriptor.k % 16 and job.descriptor.k > 1]
    assert {d.k for d in short} == {72}
    single = [job.descriptor for job in share.jobs if job.descriptor.k == 1]
    assert work.filled - work.own == sum(8 * d.m * d.n for d in short) + sum(15 * d.m * d.n for d in single)
    assert work_of(program, program).shared == work_of(program, program).own


def test_products_are_all_that_multiplies(program):
    kept = products_of(program)
    assert all(job.descriptor.operation == Operation.PRODUCT for job in kept)
    assert len(program.jobs) - len(kept) == sum("norm of" in job.name for job in program.jobs) + sum(
        any(what in job.name for what in ("division of head", "in blocks")) for job in program.jobs
    )
