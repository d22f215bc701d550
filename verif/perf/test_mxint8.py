"""The MXINT8 peer against its golden function, and that against sums of fractions."""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Value

from perf.baselines.mxint8 import MXINT8Element
from perf.baselines.mxint8_golden import (
    BLOCK,
    LANES,
    MAGNITUDE_BITS,
    NAN_SCALE,
    aligned_total,
    mxint8_matmul,
    sign_magnitude,
)
from perf.baselines.mxint8_pair import MXINT8Pair
from perf.baselines.peer_grids import MXINT8Grid
from verif.coverage import Coverage
from verif.golden.samples import bits
from verif.netlist.netlist import netlist_of
from verif.runner import seed
from verif.simulation import simulate

ELEMENTS = ("random", "largest", "opposite", "sparse", "lowest code")
DISTANCES = ("none", "near", "far")
GRID = {"rows": 2, "cols": 2, "k_blocks": 8}
BENCH = "verif.perf.mxint8_grid_bench"


def test_golden_is_the_formats_dot_product():
    """With bits enough nothing is lost: block by block, scale times scale times the sum of products."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(-127, 128, (2, 2, 3 * BLOCK)).astype(np.int8)
    scales = rng.integers(122, 132, (2, 2, 3)).astype(np.uint8)
    scales[1, 1, 2] = NAN_SCALE
    found = mxint8_matmul(a, scales[0], b, scales[1], fraction_bits=24)
    for r in range(2):
        exact = Fraction(0)
        for k in range(3 * BLOCK):
            scale = int(scales[0, r, k // BLOCK]) + int(scales[1, 0, k // BLOCK]) - 2 * 127
            exact += Fraction(int(a[r, k]), 64) * Fraction(int(b[0, k]), 64) * Fraction(2) ** scale
        assert found[r, 0] == np.float32(float(exact))
    assert np.isnan(found[:, 1]).all()


def test_lost_bits_are_rounded_down_in_each_half_block():
    a = np.ones((1, BLOCK), np.int8)
    assert (
        aligned_total(a.reshape(2, LANES), -a.reshape(2, LANES), np.array([5, 9]), fraction_bits=4) == -8 - 1
    )


def draw(rng, kind, count):
    """Codes of both operands, ``[count, 16]``."""
    a, b = rng.integers(-127, 128, (2, count, LANES))
    if kind == "largest":
        a, b = (np.where(rng.random(x.shape) < 0.9, 127 * np.sign(x | 1), x) for x in (a, b))
    elif kind == "opposite":
        a[:, 1::2], b[:, 1::2] = -a[:, ::2], b[:, ::2]
    elif kind == "sparse":
        a, b = (np.where(rng.random(x.shape) < 0.7, 0, x) for x in (a, b))
    elif kind == "lowest code":
        a, b = (np.where(rng.random(x.shape) < 0.3, -128, x) for x in (a, b))
    return a, b


def cases(rng, coverage, count):
    """Operands and distances, each kind of one with each kind of the other."""
    result = []
    for kind in ELEMENTS:
        for how in DISTANCES:
            a, b = draw(rng, kind, count)
            low, high = {"none": (0, 1), "near": (0, 10), "far": (10, 32)}[how]
            result.append((a, b, rng.integers(low, high, (count, 2))))
            coverage.hit(elements=kind, distance=how)
    order = rng.permutation(count * len(result))
    return [np.concatenate(parts)[order] for parts in zip(*result, strict=True)]


def pack(codes):
    """``mxint8_operand_layout`` as an integer."""
    signs, magnitudes = sign_magnitude(codes)
    fields = sum(int(m) << MAGNITUDE_BITS * i for i, m in enumerate(magnitudes))
    return sum(int(s) << i for i, s in enumerate(signs)) | fields << LANES


def totals(element, a, b, distances, first):
    """What ``total`` shows for each pass, its halves put together."""
    shown = []

    async def process(ctx):
        def at(cycle, delay):
            return min(max(cycle - delay, 0), len(a) - 1)

        for cycle in range(len(a) + element.latency + 1):
            late = at(cycle, element.distance_delay)
            ctx.set(Value.cast(element.a_in), pack(a[at(cycle, 0)]))
            ctx.set(Value.cast(element.b_in), pack(b[at(cycle, 0)]))
            ctx.set(element.row_in.distance, int(distances[late][0]))
            ctx.set(element.column_in, int(distances[late][1]))
            ctx.set(element.row_in.first, int(first[at(cycle, element.first_delay)]))
            shown.append(ctx.get(Value.cast(element.total)))
            await ctx.tick()

    simulate(element, process)
    low = (1 << element.low_bits) - 1
    now, next_ = shown[element.latency : -1], shown[element.latency + 1 :]
    return [(x & low) | (y & ~low) for x, y in zip(now, next_, strict=True)]


@pytest.mark.parametrize("fraction_bits", [13, 6])
def test_element_sums_aligned_dot_products(fraction_bits, summarize):
    rng = np.random.default_rng(seed())
    element = MXINT8Element(fraction_bits=fraction_bits, k_blocks=72)
    coverage = Coverage("mxint8-element", elements=ELEMENTS, distance=DISTANCES)
    a, b, distances = cases(rng, coverage, 8)
    first = rng.random(len(a)) < 0.05
    first[0] = True
    steps = [
        int(aligned_total(x[None], y[None], np.array([d.sum()]), fraction_bits=fraction_bits))
        for x, y, d in zip(a, b, distances, strict=True)
    ]
    expected, total = [], 0
    for start, step in zip(first, steps, strict=True):
        total = step + (0 if start else total)
        expected.append(total % (1 << element.width))
    assert totals(element, a, b, distances, first) == expected
    coverage.compared(len(expected))
    coverage.require_full()
    summarize(coverage)


def test_element_holds_the_longest_sum_of_largest_products():
    element = MXINT8Element(fraction_bits=13, k_blocks=9)
    a = np.full((9, LANES), 127)
    found = totals(element, a, -a, np.zeros((9, 2), int), np.arange(9) == 0)
    assert found[-1] - (1 << element.width) == -9 * LANES * 127**2 << 13


@pytest.mark.parametrize("fraction_bits", [13, 6])
def test_pair_is_two_elements(fraction_bits, summarize):
    rng = np.random.default_rng(seed())
    pair = MXINT8Pair(fraction_bits=fraction_bits, k_blocks=72)
    coverage = Coverage("mxint8-pair", elements=ELEMENTS, distance=DISTANCES)
    a, left, distances = cases(rng, coverage, 8)
    right = np.where(rng.random(a.shape) < 0.5, np.roll(left, 1, axis=0), -left)
    shown = []

    async def process(ctx):
        def at(cycle, delay):
            return min(max(cycle - delay, 0), len(a) - 1)

        for cycle in range(len(a) + pair.latency + 1):
            for lane in range(LANES):
                n = at(cycle, lane % 8)
                x, y, z = (int(np.clip(codes[n, lane], -127, 127)) for codes in (a, left, right))
                ctx.set(pair.a_in[lane], x)
                ctx.set(pair.b_in[lane].left, y)
                ctx.set(pair.b_in[lane].right, z - (y < 0))
            late = at(cycle, pair.distance_delay)
            ctx.set(pair.row_in.distance, int(distances[late][0]))
            for c in range(2):
                ctx.set(pair.column_in[c], int(distances[late][1]) >> c)
            ctx.set(pair.row_in.first, int(at(cycle, pair.first_delay) == 0))
            shown.append([ctx.get(total) for total in pair.total])
            await ctx.tick()

    simulate(pair, process)
    low = (1 << pair.low_bits) - 1
    for c, b in enumerate((left, right)):
        away = distances[:, 0] + (distances[:, 1] >> c)
        steps = [
            aligned_total(x[None], y[None], np.array([d]), fraction_bits=fraction_bits)
            for x, y, d in zip(a, b, away, strict=True)
        ]
        expected = [int(total) % (1 << pair.width) for total in np.cumsum(steps)]
        now, next_ = shown[pair.latency : -1], shown[pair.latency + 1 :]
        found = [(x[c] & low) | (y[c] & ~low) for x, y in zip(now, next_, strict=True)]
        assert found == expected, f"column {c}"
        coverage.compared(len(expected))
    coverage.require_full()
    summarize(coverage)


@pytest.mark.parametrize(("design", "target"), [(MXINT8Pair, "ecp5"), (MXINT8Element, "xilinx_dsp")])
def test_designs_refuse_targets_that_are_not_theirs(design, target):
    with pytest.raises(ValueError, match=f"target must .*a multiplier,.* not .*'{target}'"):
        design(target=target)


def test_element_refuses_an_unknown_target():
    with pytest.raises(ValueError, match=r"target must be one of generic, ecp5.*, not 'altera'"):
        MXINT8Element(target="altera")


@pytest.mark.slow
def test_grid_multiplies_matrices(bench):
    bench(MXINT8Grid(**GRID), "mxint8_grid", BENCH, parameters=GRID)


@pytest.mark.netlist
@pytest.mark.parametrize(
    ("target", "way"),
    [
        ("ecp5", {"family": "ecp5", "trim": True}),
        ("xilinx", {"family": "xilinx"}),
    ],
    ids=["ecp5", "xilinx"],
)
def test_netlist_of_a_grid(bench, target, way):
    parameters = GRID | {"rows": 1, "cols": 1}
    netlist = netlist_of(MXINT8Grid(**parameters, target=target), "mxint8_grid", **way)
    bench(netlist, "mxint8_grid", BENCH, parameters=parameters)


def test_bits_of_nan_are_the_one_of_the_project():
    a, scale = np.ones((1, BLOCK), np.int8), np.array([[NAN_SCALE]], np.uint8)
    assert bits(mxint8_matmul(a, scale, a, scale, fraction_bits=13))[0, 0] == 0x7FC00000
