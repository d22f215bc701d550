"""Whole products on the Verilated array, bit for bit against golden: campaigns, any tiles, cycle counts."""

from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import MX6, MX9, concat, matmul, quantize
from mixdit.sim import ArrayHarness, HarnessError, Stalls, panels
from verif.coverage import Coverage
from verif.hw.array.operands import CASES, KINDS, all_pairs, operands, whole_blocks
from verif.runner import seed

OUTCOMES = ("normal", "zero", "negative zero", "infinity", "NaN")

STALLS = (None, Stalls(a=0.3, b=0.3), Stalls(d=0.7), Stalls(a=0.1, b=0.6, d=0.3))


@cache
def harness(rows: int, cols: int, drain_rows: int, k_blocks: int, fraction_bits: int) -> ArrayHarness:
    return ArrayHarness(
        rows=rows, cols=cols, drain_rows=drain_rows, k_blocks=k_blocks, fraction_bits=fraction_bits
    )


SMALL = (3, 5, 3, 6, 13)
LARGE = (8, 8, 4, 72, 17)
CONFIGURATIONS = [SMALL, (4, 4, 1, 4, 9), (8, 4, 4, 8, 21), LARGE]


def outcome(values: np.ndarray) -> set[str]:
    """The classes that float32 values belong to."""
    masks = {
        "NaN": np.isnan(values),
        "infinity": np.isinf(values),
        "zero": (values == 0) & ~np.signbit(values),
        "negative zero": (values == 0) & np.signbit(values),
        "normal": np.isfinite(values) & (values != 0),
    }
    return {name for name, mask in masks.items() if mask.any()}


def name(configuration) -> str:
    return "-".join(map(str, configuration))


@pytest.mark.parametrize(
    "configuration",
    [SMALL, *(pytest.param(each, marks=pytest.mark.slow) for each in CONFIGURATIONS[1:])],
    ids=name,
)
def test_products_equal_golden(configuration, summarize):
    """Three tiles each way."""
    rows, cols, *_ = configuration
    compare_products(configuration, (2 * rows + 1, 2 * cols + 3), summarize)


@pytest.mark.engine
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=name)
def test_large_products_equal_golden(configuration, summarize):
    compare_products(configuration, (41, 43), summarize)


def compare_products(configuration, shape, summarize):
    """Every pair of formats in every case; edge tiles are padded, long K goes in chunks."""
    array = harness(*configuration)
    label = f"products-{array.rows}x{array.cols}-drain{array.drain_rows}-F{array.fraction_bits}"
    formats = Coverage(label, a=KINDS, b=KINDS, case=CASES)
    outcomes = Coverage(f"{label}-outcomes", outcome=OUTCOMES)
    rng = np.random.default_rng(seed())
    for number, (kinds, case) in enumerate(all_pairs()):
        blocks = whole_blocks(kinds, int(rng.integers(1, min(2 * array.k_blocks, 80))))
        a, b = operands(rng, (*shape, blocks), kinds, case)
        product = array.matmul(a, b, stalls=STALLS[number % len(STALLS)])
        expected = matmul(a, b, fraction_bits=array.fraction_bits, k_blocks=array.k_blocks)
        np.testing.assert_array_equal(
            product.values.view(np.uint32), expected.view(np.uint32), err_msg=f"{kinds} {case} {blocks}"
        )
        assert product.run.passes == product.run.expected_passes
        formats.hit(a=kinds[0], b=kinds[1], case=case)
        formats.compared(expected.size)
        for name in outcome(expected):
            outcomes.hit(outcome=name)
    for coverage in (formats, outcomes):
        coverage.require_full()
        summarize(coverage)


probability = st.sampled_from([0.0, 0.0, 0.2, 0.5, 0.9])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tiles=st.lists(
        st.tuples(
            st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
            st.sampled_from(CASES),
            st.integers(1, 6),
            st.integers(0, 2**32 - 1),
        ),
        min_size=1,
        max_size=12,
    ),
    stalls=st.builds(Stalls, a=probability, b=probability, d=probability, seed=st.integers(0, 1000)),
)
def test_any_tiles(tiles, stalls):
    """Tiles of any formats and lengths follow each other; the array's state lives on between examples."""
    array = harness(*SMALL)
    stream, expected = [], []
    for kinds, case, blocks, number in tiles:
        shape = (array.rows, array.cols, whole_blocks(kinds, blocks))
        a, b = operands(np.random.default_rng(number), shape, kinds, case)
        stream.append(
            tuple(
                panels(t, lanes=lanes, k_blocks=array.k_blocks)[0][0]
                for t, lanes in ((a, array.rows), (b, array.cols))
            )
        )
        expected.append(matmul(a, b, fraction_bits=array.fraction_bits))
    run = array.run_tiles(stream, stalls=stalls)
    np.testing.assert_array_equal(run.values.view(np.uint32), np.array(expected).view(np.uint32))
    assert run.passes == run.expected_passes
    assert not run.status.any()


def mixed(rng: np.random.Generator, rows: int, k: int, mx9: int):
    """A matrix with its first ``mx9`` columns in MX9 and the rest in MX6."""
    x = rng.standard_normal((rows, k)).astype(np.float32)
    if not mx9:
        return quantize(x, MX6)
    return concat([quantize(x[:, :mx9], MX9), quantize(x[:, mx9:], MX6)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k", "mx9", "least"), [(1152, 0, 0.97), (1152, 64, 0.97), (72, 0, 0.95), (72, 16, 0.95), (64, 0, 0.95)]
)
def test_utilization(k, mx9, least):
    """Back-to-back tiles keep the array busy: cycles are counted, so the figure is exact."""
    array = harness(*LARGE)
    rng = np.random.default_rng(1)
    run = array.matmul(mixed(rng, 64, k, mx9), mixed(rng, 64, k, mx9)).run
    assert run.passes == run.expected_passes
    assert run.utilization >= least
    # From the first input beat to the last output beat: filling and draining 64 tiles costs this much.
    assert run.passes / run.cycles >= least * (1 - 200 / run.pass_cycles)


def test_hang_is_reported():
    array = harness(*SMALL)
    rng = np.random.default_rng(2)
    tile = operands(rng, (array.rows, array.cols, 4), ("MX9", "MX9"), "ordinary")
    a, b = (panels(t, lanes=lanes, k_blocks=6)[0][0] for t, lanes in zip(tile, (3, 5), strict=True))
    with pytest.raises(HarnessError, match="no transfer for too long"):
        array.run_tiles([(a, b)], idle_limit=5)
    assert not array.run_tiles([(a, b)]).status.any()


def test_progress_can_stop_a_run():
    array = harness(*SMALL)
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        raise KeyboardInterrupt

    rng = np.random.default_rng(3)
    a, b = operands(rng, (30, 50, 4), ("MX6", "MX6"), "ordinary")
    with pytest.raises(KeyboardInterrupt):
        array.matmul(a, b, progress=stop)
    assert seen == [(0, 100)]
    assert array.matmul(a, b).values.shape == (30, 50)


def test_panels_of_the_wrong_width_are_refused():
    array = harness(*SMALL)
    a, b = operands(np.random.default_rng(4), (3, 5, 2), ("MX6", "MX6"), "ordinary")
    (left,), (right,) = panels(a, lanes=3, k_blocks=6)[0], panels(b, lanes=5, k_blocks=6)[0]
    with pytest.raises(ValueError, match=r"slots must have shape \(2, 3, 18\), not \(2, 5, 18\)"):
        array.run_tiles([(right, left)])
