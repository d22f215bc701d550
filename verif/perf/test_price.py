"""Products by cycles in place of passes: equal to what the engine takes, between them by interpolation."""

import pytest

from golden import MX4, MX6, MX9, MXINT8
from golden.engine import EngineParameters, MemoryFormat
from mixdit.driver import Gemm
from mixdit.plan.array_passes import Product, array_passes
from mixdit.sim import EngineHarness, Memory
from perf.cycles.price import CyclePrice, engine_price

SMALL = EngineParameters(rows=4, cols=4, k_blocks=4, function_lanes=0)
"""The first engine of ``perf.cycles.cases``, which is compiled for other tests too."""


def row(high, blocks, low=MX6):
    return (MX9,) * high + (low,) * (blocks - high)


@pytest.mark.engine
def test_cycles_are_those_of_the_hardware():
    memory = Memory(read_latency=90, write_latency=3, bandwidth=0.37)
    price = CyclePrice(SMALL, memory)
    for a, b in (
        (row(0, 3), row(0, 3)),
        (row(3, 3), row(0, 3)),
        (row(0, 3), row(2, 3)),
        (row(0, 3, MX4), row(3, 3)),
    ):
        with EngineHarness(SMALL, size=1 << 16, memory=memory, optimization="-O1") as port:
            gemm = Gemm(port)
            matrices = []
            for formats, count in ((a, 9), (b, 20)):
                low = MX9 if set(formats) == {MX9} else next(f for f in formats if f != MX9)
                high = formats.count(MX9) if low != MX9 else 0
                matrices.append(gemm.empty((count, 48), MemoryFormat.of(low), high))
            matrices.append(gemm.empty((9, 20), MemoryFormat.MX6))
            gemm.clear_counters()
            gemm.product(*matrices)
            gemm.wait()
            assert price(Product(rows=9, columns=20, a=a, b=b)) == gemm.counters()["CYCLES"]


@pytest.fixture(scope="module")
def price():
    return engine_price({})


def test_large_products_take_about_their_passes(price):
    product = Product(rows=256, columns=256, a=row(18, 72), b=row(0, 72))
    assert price(product) == pytest.approx(array_passes(product) / 64, rel=0.03)
    assert price(product) > array_passes(product) / 64


def test_small_ones_take_more_than_their_passes(price):
    product = Product(rows=3, columns=5, a=row(0, 1), b=row(0, 1))
    assert price(product) > 20 * array_passes(product) / 64


def test_between_what_is_run_lies_a_line(price):
    shape = {"rows": 64, "columns": 64, "b": row(0, 16)}
    found = [price(Product(a=row(high, 16), **shape)) for high in range(17)]
    assert found == sorted(found)
    assert found[6] == (found[4] + found[8]) / 2
    exact = price._run(64, 64, 16, MX6, 6, MX6, 0)
    assert found[6] == pytest.approx(exact, rel=0.01)
    assert found[8] == price._run(64, 64, 16, MX6, 8, MX6, 0)
    assert found[16] == price._run(64, 64, 16, MX9, 0, MX6, 0)


def test_the_order_of_blocks_does_not_matter(price):
    a = row(2, 6)
    given = {"rows": 8, "columns": 8, "b": row(0, 6)}
    assert price(Product(a=a, **given)) == price(Product(a=a[::-1], **given))


def test_counts_and_averages_are_in_proportion(price):
    one = Product(rows=16, columns=16, a=row(0, 2), b=row(0, 2))
    assert price(Product(rows=16, columns=16, a=row(0, 2), b=row(0, 2), count=2.5)) == 2.5 * price(one)
    average = Product(rows=16.25, columns=16, a=row(0, 2), b=row(0, 2))
    assert price(average) == pytest.approx(price(one) * 16.25 / 16)


def test_other_engines_take_other_cycles(price):
    product = Product(rows=128, columns=128, a=row(0, 64), b=row(0, 64))
    larger = engine_price({"rows": 16, "cols": 16})
    assert larger.parameters.rows == larger.parameters.cols == 16
    assert price(product) / 4 < larger(product) < price(product) / 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": (MX6,), "b": (MX6, MX6)}, "as many blocks, not 1 and 2"),
        ({"a": (), "b": ()}, "not 0 and 0"),
        ({"a": (MX6, MX4), "b": (MX6, MX6)}, "a must be MX9, or MX4 or MX6 with MX9 beside, not MX4, MX6"),
        ({"a": (MX6,), "b": (MXINT8,)}, "b must be MX9, or MX4 or MX6 with MX9 beside, not MXINT8"),
    ],
)
def test_what_has_no_price_is_refused(price, given, says):
    with pytest.raises(ValueError, match=says):
        price(Product(rows=4, columns=4, **given))


def test_wrong_engines_are_refused():
    with pytest.raises(ValueError, match="cols must be one of"):
        engine_price({"cols": 3})
    with pytest.raises(ValueError, match=r"a parameter must be one of rows, cols, .* not 'columns'"):
        engine_price({"columns": 3})
