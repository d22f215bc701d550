"""Functions outside the engines: what is left to them, what is taken instead, that times have two ends."""

from dataclasses import replace

import pytest

from golden.engine import QUANTIZED_FORMATS, ErrorCode, Function, MemoryFormat, Operation, check
from perf.speedup.area import CELLS, NAND2_UM2, area_table
from perf.speedup.builds import BUILDS
from perf.speedup.published import read
from perf.speedup.row_conversion import with_row_conversion
from perf.speedup.shares import share_of
from perf.speedup.step_time import build_counters
from perf.speedup.vector_unit import LANES, FloatsTime, VectorWork, without_functions
from perf.workloads.page import PAGE
from verif.perf.cells import block_program

TOKENS, WIDTH, HIDDEN, HEADS, SAMPLES = 256, 1152, 4608, 16, 2


@pytest.fixture(scope="module")
def program():
    return block_program("MX6")


@pytest.fixture(scope="module")
def plain(program):
    return without_functions(program)


def test_engines_without_functions_take_what_is_left(program, plain):
    kept, _ = plain
    assert kept.parameters.function_lanes == 0
    for job in kept.jobs:
        assert check(job.descriptor, kept.parameters) == ErrorCode.NONE, job.name
        assert job.descriptor.d_address + job.descriptor.m * job.descriptor.d_pitch <= kept.memory.stop
    scores = [job.descriptor for job in kept.jobs if "exponentials" in job.name]
    assert {(d.m, d.n, MemoryFormat(d.d_format).name) for d in scores} == {(TOKENS, TOKENS, "BINARY32")}
    sums = [job.descriptor for job in kept.jobs if "weighted sums" in job.name]
    assert {d.n for d in sums} == {WIDTH // HEADS}
    assert len(scores) == len(sums) == SAMPLES * HEADS
    assert {job.name for job in program.jobs} > {job.name for job in kept.jobs}
    assert not any("division" in job.name or "norm" in job.name for job in kept.jobs)


def test_products_are_as_many_but_for_the_sums_of_softmax(program, plain):
    kept, _ = plain
    columns = SAMPLES * HEADS * TOKENS * TOKENS
    assert program.multiplications - kept.multiplications == columns


def test_a_vector_unit_does_the_rest(plain):
    _, work = plain
    values = SAMPLES * (
        3 * HEADS * TOKENS * TOKENS  # softmax
        + 2 * 2 * TOKENS * WIDTH  # two norms
        + TOKENS * HIDDEN  # GELU
        + 2 * TOKENS * WIDTH  # two residual sums with their gates
    )
    condition = work.values - values  # SiLU of the condition
    assert 0 < condition <= SAMPLES * 2 * WIDTH
    block = 12 / 16  # bytes of an element in MX6
    moved = SAMPLES * (
        (4 + block) * (HEADS * TOKENS * TOKENS + 2 * TOKENS * WIDTH + TOKENS * HIDDEN)
        + 2 * 12 * TOKENS * WIDTH
    )
    assert moved <= work.bytes_moved <= moved + 16 * condition


def test_both_ends_of_a_time():
    build = BUILDS["4096"]
    counters = {"CYCLES": 1_000_000, "BYTES_READ": 30_000_000, "BYTES_WRITTEN": 1_000_000}
    few = FloatsTime(counters=counters, work=VectorWork(values=LANES * 400_000), build=build)
    assert few.seconds == pytest.approx((1e-3, 1.4e-3))
    many = replace(few, work=VectorWork(values=LANES * 3_000_000))
    assert many.seconds == pytest.approx((3e-3, 4e-3))
    share = 936e9 / 16
    large = replace(few, work=VectorWork(bytes_moved=100_000_000))
    assert large.seconds == pytest.approx((131e6 / share, 1e-3 + 100e6 / share))
    assert large.bytes_moved == 16 * 131_000_000


def test_floats_move_more_bytes_wherever_they_were_published():
    for cell in read():
        assert cell.floats.bytes_moved > cell.time.bytes_moved
        assert cell.floats.seconds[0] < cell.floats.seconds[1]


def test_converted_by_rows_all_blocks_are_made_of_floats(program):
    share = share_of(program, 16)
    found = with_row_conversion(share)
    made = [job.descriptor for job in share.jobs if job.descriptor.d_format in QUANTIZED_FORMATS]
    again = [job.descriptor for job in found.jobs if job.descriptor.d_format in QUANTIZED_FORMATS]
    assert {d.operation for d in again} == {Operation.REORDER}
    places = [(d.m, d.n, d.d_address, d.d_pitch, d.d_format, d.d_mx9_blocks) for d in made]
    assert [(d.m, d.n, d.d_address, d.d_pitch, d.d_format, d.d_mx9_blocks) for d in again] == places
    for job in found.jobs:
        assert check(job.descriptor, found.parameters) == ErrorCode.NONE, job.name
    pairs = {job.name: job.descriptor for job in found.jobs}
    for name, d in pairs.items():
        if name.endswith(", in blocks") and name.removesuffix(", in blocks") in pairs:
            written = pairs[name.removesuffix(", in blocks")]
            assert (written.d_address, written.d_pitch, written.d_format) == (
                d.a_address,
                d.a_pitch,
                MemoryFormat.BINARY32,
            )
    assert len(found.jobs) - len(share.jobs) == sum(d.operation == Operation.PRODUCT for d in made)
    slower = build_counters(found, BUILDS["4096"])["CYCLES"]
    assert slower > 1.2 * build_counters(share, BUILDS["4096"])["CYCLES"]


def test_exponentials_are_left_to_nobody(program, plain):
    assert any(job.descriptor.function == Function.EXP2 for job in program.jobs)
    assert not any(job.descriptor.function for job in plain[0].jobs)


def test_areas_are_those_that_were_measured():
    page = (PAGE.parent / "ppa" / "devices.md").read_text()
    for name, (elements, um2) in CELLS.items():
        (line,) = (row for row in page.splitlines() if row.startswith(f"| {name} | {um2:,} |"))
        assert f"| {um2 / elements / 16:,.0f} |" in line
        assert f"| {um2 / NAND2_UM2:,.0f} |" in line
    (row,) = area_table({"4096": BUILDS["4096"]}).rows[:1]
    assert row[2:] == ("839.9 mm2, 35.00 M NAND2", "2,174.6 mm2, 90.61 M NAND2", "not claimed")
