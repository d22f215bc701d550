"""The bfloat16 peer against its golden function, and that against sums of fractions."""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Value

from golden.bfloat16 import widen_bfloat16
from perf.baselines.bfloat16_fma import BFloat16Element
from perf.baselines.bfloat16_golden import bfloat16_dot, fused_multiply_add
from perf.baselines.fused_adder import FusedAdder
from perf.baselines.peer_grids import BFloat16Grid
from verif.coverage import Coverage
from verif.golden.samples import bits
from verif.netlist.netlist import netlist_of
from verif.perf.streaming import stream_through
from verif.runner import seed
from verif.simulation import simulate

EDGES = np.array(
    [0, 0x8000, 1, 0x807F, 0x0080, 0x8080, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0x7F81, 0x3F80, 0xBF80],
    np.uint16,
)
"""Zeros, subnormals, the ends of the normal range, infinities, NaNs, ones."""

ADDEND_EDGES = np.array(
    [0, 0x80000000, 0x00800000, 0x807FFFFF + 1, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000],
    np.uint32,
)

CLASSES = ("zero", "normal", "infinity", "NaN")
LARGER = ("product", "addend", "neither")
DISTANCES = ("0", "1", "2 to 26", "more")
GRID = {"rows": 2, "cols": 2}
BENCH = "verif.perf.bfloat16_grid_bench"


def class_of(value):
    if np.isnan(value):
        return "NaN"
    return "infinity" if np.isinf(value) else "zero" if value == 0 else "normal"


def draw(rng, count):
    """Factors and addends: any bits, near exponents, short addends that cancel, and all pairs of edges."""
    a, b = rng.integers(0, 1 << 16, (2, count), dtype=np.uint16)
    c = rng.integers(0, 1 << 32, count, dtype=np.uint32)
    near = rng.random(count) < 0.8
    exponent = (a >> 7 & 0xFF).astype(int) + (b >> 7 & 0xFF) - 127 + rng.integers(-30, 31, count)
    c = np.where(near, c & 0x807FFFFF | np.clip(exponent, 0, 255).astype(np.uint32) << 23, c)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        product = widen_bfloat16(a) * widen_bfloat16(b)
    steps = rng.integers(-3, 4, count) << rng.integers(0, 20, count)
    close = (product.view(np.uint32) + steps).astype(np.uint32) ^ np.uint32(1 << 31)
    c = np.where(rng.random(count) < 0.3, close, c).astype(np.uint32)
    grid = [part.ravel() for part in np.meshgrid(EDGES, EDGES, ADDEND_EDGES)]
    a, b, c = (np.concatenate(parts) for parts in zip((a, b, c), grid, strict=True))
    c = np.where(c >> 23 & 0xFF == 0, c & 0x80000000, c)
    c = np.where(np.isnan(c.view(np.float32)), 0x7FC00000, c)
    return a.astype(np.uint16), b.astype(np.uint16), c.astype(np.uint32)


def fields(a, b):
    """``product_layout`` of ``a * b`` as an integer, and the product as a float."""
    x, y = (float(widen_bfloat16(np.uint16(0 if v & 0x7F80 == 0 else v))) for v in (a, b))
    value = x * y if not {0.0} <= {x, y} or not np.isinf([x, y]).any() else np.nan
    sign, special = (int(a) ^ int(b)) >> 15, not np.isfinite(value)
    mantissa, exponent = np.frexp(0.0 if special else abs(value))
    significand = int(np.ldexp(mantissa, 16))
    biased = int(exponent) - 1 + 127 if significand else -512
    packed = significand | (biased & 0x3FF) << 16 | sign << 26
    return packed | int(np.isnan(value)) << 27 | int(np.isinf(value)) << 28, value


def distance_class(product, addend):
    """Bins of a finite sum: which operand has the larger exponent, by how much, and their signs."""
    d = int(np.frexp(product)[1]) - int(np.frexp(addend)[1])
    distance = DISTANCES[min(abs(d), 2) if abs(d) < 27 else 3]
    larger = "neither" if d == 0 else "product" if d > 0 else "addend"
    return {
        "larger": larger,
        "distance": distance,
        "signs": "alike" if (product < 0) == (addend < 0) else "opposite",
    }


def test_golden_rounds_the_exact_sum_once():
    rng = np.random.default_rng(1)
    a, b, c = draw(rng, 3000)
    found = fused_multiply_add(a, b, c.view(np.float32))
    compared = 0
    for x, y, z, got in zip(a, b, c.view(np.float32), found, strict=True):
        values = [0.0 if v & 0x7F80 == 0 else float(widen_bfloat16(np.uint16(v))) for v in (x, y)]
        if not np.isfinite([*values, z]).all():
            continue
        exact = Fraction(values[0]) * Fraction(values[1]) + Fraction(float(z))
        assert got == nearest(exact), f"{x:#06x} * {y:#06x} + {z}: {got}"
        compared += 1
    assert compared > 3000


def nearest(exact):
    """A fraction to 24 bits, ties to even, infinite from 2**128 and zero below 2**-126."""
    if exact == 0:
        return 0.0
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    unit = Fraction(2) ** (exponent - 23)
    rounded = round(size / unit) * unit  # ties to even
    sign = -1.0 if exact < 0 else 1.0
    if rounded >= Fraction(2) ** 128:
        return sign * np.inf
    return sign * float(rounded) if rounded >= Fraction(2) ** -126 else 0.0


@pytest.mark.slow
def test_adder_is_the_golden_one(summarize):
    rng = np.random.default_rng(seed())
    kinds = Coverage("bfloat16-classes", product=CLASSES, addend=CLASSES)
    finite = Coverage(
        "bfloat16-distances",
        larger=LARGER,
        distance=DISTANCES,
        signs=("alike", "opposite"),
        impossible=lambda larger, distance, signs: (larger == "neither") != (distance == "0"),
    )
    a, b, c = draw(rng, 4000)
    products, values = zip(*map(fields, a, b), strict=True)
    for value, addend in zip(values, c.view(np.float32), strict=True):
        kinds.hit(product=class_of(value), addend=class_of(addend))
        if class_of(value) == class_of(addend) == "normal":
            finite.hit(**distance_class(value, float(addend)))
    found = stream_through(FusedAdder(), {"product": products, "addend": c}, "sum", FusedAdder.latency)
    expected = bits(fused_multiply_add(a, b, c.view(np.float32)))
    wrong = np.flatnonzero(np.array(found, np.uint32) != expected)
    assert not len(wrong), [(hex(a[n]), hex(b[n]), hex(c[n]), hex(found[n])) for n in wrong[:5]]
    kinds.compared(len(expected))
    for coverage in (kinds, finite):
        coverage.require_full()
        summarize(coverage)


@pytest.mark.parametrize("target", ["generic", "generic_dsp"])
@pytest.mark.parametrize("kind", ["ordinary", "any"])
def test_element_interleaves_its_sums(kind, target):
    rng = np.random.default_rng(seed())
    element = BFloat16Element(target=target)
    turns, length = element.interleaved, 10
    a, b = rng.integers(0, 1 << 16, (2, turns, length), dtype=np.uint16)
    if kind == "ordinary":
        a, b = (x & 0x807F | rng.integers(120, 134, x.shape, dtype=np.uint16) << 7 for x in (a, b))
    shown = []

    async def process(ctx):
        for cycle in range(turns * length + element.latency):
            slot, step = cycle % turns, min(cycle // turns, length - 1)
            ctx.set(Value.cast(element.a_in), int(a[slot, step]))
            ctx.set(Value.cast(element.b_in), int(b[slot, step]))
            ctx.set(element.first_in, 0 <= cycle - element.first_delay < turns)
            if cycle >= element.latency:
                shown.append(ctx.get(element.total))
            await ctx.tick()

    simulate(element, process)
    found = np.array(shown, np.uint32).reshape(length, turns)
    expected = [bits(bfloat16_dot(a[:, : n + 1], b[:, : n + 1])) for n in range(length)]
    assert np.array_equal(found, expected)


def test_element_refuses_an_unknown_target():
    with pytest.raises(ValueError, match=r"target must be one of generic, ecp5.*, not 'altera'"):
        BFloat16Element(target="altera")


@pytest.mark.slow
def test_grid_multiplies_matrices(bench):
    bench(BFloat16Grid(**GRID), "bfloat16_grid", BENCH, parameters=GRID)


# Not with DSP blocks: there is a model only of the form in which our own products place them.
@pytest.mark.netlist
@pytest.mark.parametrize(
    ("target", "way"),
    [("ecp5", {"family": "ecp5", "trim": True}), ("xilinx", {"family": "xilinx"})],
    ids=["ecp5", "xilinx"],
)
def test_netlist_of_a_grid(bench, target, way):
    netlist = netlist_of(BFloat16Grid(**GRID, target=target), "bfloat16_grid", **way)
    bench(netlist, "bfloat16_grid", BENCH, parameters=GRID)
