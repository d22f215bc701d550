import numpy as np
import pytest
from amaranth.hdl import Value

from golden import MX4, MX6, MX9, matmul
from golden.rounding import add_binary32, round_to_binary32
from perf.baselines.float_add import FloatAdd, IntegerToFloat
from perf.baselines.floor import Floor
from perf.baselines.straightforward import StraightforwardElement
from verif.golden.samples import bits, random_tensor
from verif.perf.streaming import stream_through
from verif.simulation import simulate

EDGES = np.array(
    [
        *(0, 0x80000000, 0x00800000, 0x80800000, 0x00FFFFFF, 0x7F7FFFFF, 0xFF7FFFFF),
        *(0x7F800000, 0xFF800000, 0x7FC00000),
        *(0x3F800000, 0xBF800000, 0x3F7FFFFF, 0x34000000, 0x33800000, 0xB3800000, 0x33800001),
    ],
    np.uint32,
)
"""Zeros, the ends of the normal range, infinities, NaN; then 1 and what halfway cases of 1 are made of."""


def random_floats(rng, count):
    """Random binary32 of every size, half of them close to each other; no subnormals."""
    x, y = rng.integers(0, 1 << 32, (2, count), dtype=np.uint32)
    near = rng.random(count) < 0.7
    shifted = (x >> 23 & 0xFF).astype(np.int64) - rng.integers(-3, 30, count)
    exponent = np.clip(shifted, 0, 255).astype(np.uint32)
    y = np.where(near, y & 0x807FFFFF | exponent << 23, y)
    short = rng.random(count) < 0.4
    y = np.where(short, y & 0xFFF00000, y)
    for edges in (x, y):
        subnormal = edges >> 23 & 0xFF == 0
        edges[subnormal] &= 0x80000000
    grid = np.array(np.meshgrid(EDGES, EDGES), np.uint32).reshape(2, -1)
    return np.concatenate([np.array([x, y], np.uint32), grid], axis=1)


def test_float_add_is_the_golden_one():
    rng = np.random.default_rng(1)
    x, y = random_floats(rng, 4000)
    sums = stream_through(FloatAdd(), {"x": x, "y": y}, "sum", FloatAdd.latency)
    expected = bits(add_binary32(x.view(np.float32), y.view(np.float32)))
    assert np.array_equal(np.array(sums, np.uint32), expected)


def test_integer_to_float_is_exact_within_binary32s_range():
    rng = np.random.default_rng(2)
    integers = rng.integers(-(1 << 15), 1 << 15, 2000) >> rng.integers(0, 16, 2000)
    scales = np.where(rng.random(2000) < 0.5, rng.integers(-150, 130, 2000), rng.integers(-300, 300, 2000))
    inputs = {"integer": integers, "scale": scales}
    values = stream_through(IntegerToFloat(width=16), inputs, "value", IntegerToFloat.latency)
    expected = round_to_binary32(np.ldexp(integers.astype(np.float64), scales))
    assert np.array_equal(np.array(values, np.uint32), bits(expected))


def test_floor_sums_the_products():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 16, (2, 300, 16))
    a[0] = b[0] = 15
    weights = 1 << 4 * np.arange(16, dtype=object)
    inputs = {"a": (a * weights).sum(-1), "b": (b * weights).sum(-1)}
    sums = stream_through(Floor(), inputs, "sum", Floor.latency)
    assert sums == (a * b).sum(-1).tolist()


def halves(t):
    """Each block as what the element takes at a time: elements, microexponents, exponent."""
    result = []
    for q, micro, e in zip(t.elements[0].astype(int), t.microexponents[0], t.exponents[0], strict=True):
        if t.fmt == MX9:
            result += [[(q >> 4, int(micro), int(e) + 1), (q & 15, int(micro), int(e) - 3)]]
        else:
            result += [[(q << (4 - t.fmt.magnitude_bits), int(micro), int(e))]]
    return result


def run_element(pairs):
    """Totals of ``interleaved`` sums, each a list of (a, b) halves, all of one length."""
    element = StraightforwardElement()
    turns, count = element.interleaved, len(pairs[0])
    totals = []

    async def process(ctx):
        def at(cycle, delay):
            turn, slot = divmod(cycle - delay, turns)
            return (pairs[slot][turn], turn) if 0 <= turn < count else (None, turn)

        end = count * turns + element.latency + 1
        for cycle in range(end):
            operands, _ = at(cycle, 0)
            late, _ = at(cycle, element.exponent_delay)
            for i, side in enumerate("ab"):
                if operands:
                    q, micro, _ = operands[i]
                    port = getattr(element, f"{side}_in")
                    packed = sum((int(x) & 31) << 5 * n for n, x in enumerate(q))
                    ctx.set(Value.cast(port), packed | micro << 80)
                if late:
                    ctx.set(getattr(element, f"e{side}_in"), late[i][2])
            ctx.set(element.steering_in.first, at(cycle, element.first_delay)[1] == 0)
            if at(cycle, element.latency)[1] == count - 1:
                totals.append(ctx.get(element.total))
            await ctx.tick()

    simulate(element, process)
    return np.array(totals, np.uint32)


@pytest.mark.parametrize("exponents", [(120, 130), (0, 254), (0, 70), (185, 254)])
@pytest.mark.parametrize("fmt", [MX4, MX6])
def test_element_is_matmul_with_a_binary32_accumulator(fmt, exponents):
    rng = np.random.default_rng(4)
    a, b = (random_tensor(rng, StraightforwardElement.interleaved, 160, fmt, exponents) for _ in range(2))
    one = [(a[i : i + 1], b[i : i + 1]) for i in range(len(a.elements))]
    pairs = [[(x[0], y[0]) for x, y in zip(halves(p), halves(q), strict=True)] for p, q in one]
    expected = [matmul(p, q, accumulator="float32")[0, 0] for p, q in one]
    assert np.array_equal(run_element(pairs), bits(np.array(expected)))


def test_element_adds_the_halves_of_mx9_one_by_one():
    rng = np.random.default_rng(5)
    a, b = (random_tensor(rng, StraightforwardElement.interleaved, 80, MX9) for _ in range(2))
    pairs, expected = [], []
    for i in range(len(a.elements)):
        left, right = halves(a[i : i + 1]), halves(b[i : i + 1])
        pairs.append([(x, y) for p, q in zip(left, right, strict=True) for x in p for y in q])
        total = np.zeros(1, np.float32)
        for x, y in pairs[-1]:
            total = add_binary32(total, round_to_binary32(half_dot(x, y)))
        expected.append(total[0])
    assert np.array_equal(run_element(pairs), bits(np.array(expected)))
    exact = sum(half_dot(x, y)[0] for x, y in pairs[0])
    assert np.float32(exact) == matmul(a[:1], b[:1], fraction_bits=32)[0, 0]


def half_dot(x, y):
    """Value of the dot product of two halves, float64."""
    shifts = [[1 - (m >> j & 1) for j in range(8)] for m in (x[1], y[1])]
    weights = np.repeat([2.0 ** (p + q) for p, q in zip(*shifts, strict=True)], 2)
    return np.array([(x[0] * y[0] * weights).sum() * 2.0 ** (x[2] + y[2] - 262)])
