"""Results that cannot be held, on the compiled engine: told in time, and of what exists alone."""

import numpy as np
import pytest

from golden import MX6, MX9, quantize
from golden.engine import REGISTERS, MemoryFormat
from mixdit.driver import Gemm, ModelPort
from mixdit.sim import EngineHarness, Memory
from verif.hw.gemm.test_campaign import ENGINES

PARAMETERS = ENGINES["128 bits, reorder and functions"]
RANGE = REGISTERS["INTERRUPT_STATUS"]["range"].mask
KINDS = ("2^x", "divide", "layer", "rms", "exponential")

pytestmark = pytest.mark.engine


@pytest.fixture
def engine():
    with EngineHarness(PARAMETERS, size=1 << 18, memory=Memory(read_latency=1, write_latency=1)) as made:
        yield made


def queue(gemm: Gemm, kind: str, rows: int, columns: int, *, good: bool) -> int:
    """A job of this kind with one result that cannot be held, or none."""
    d = gemm.empty((rows, columns), MemoryFormat.BINARY32)
    if kind == "2^x":
        a, b = np.ones((rows, 16), np.float32), np.ones((columns, 16), np.float32)
        b[-1] *= 8 if not good else 7
        return gemm.product(gemm.store(quantize(a, MX6)), gemm.store(quantize(b, MX6)), d, function="exp2")
    x = np.ones((rows, columns + (kind == "divide")), np.float32)
    if not good:
        x[-1, -1] = 0 if kind == "divide" else np.inf
    if kind == "divide":
        return gemm.reorder(gemm.store(x), d, divide=True)
    return gemm.reorder(gemm.store(x), d, norm=kind)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_before_the_job_is_done(engine, kind):
    """Of the smallest jobs too, whose only result cannot be held."""
    gemm = Gemm(engine)
    for rows, columns in ((1, 1), (5, 17)):
        before = engine.read("JOBS_DONE")
        engine.write("INTERRUPT_ENABLE", RANGE)  # the driver's own choice stays the one it knows of
        job = queue(gemm, kind, rows, columns, good=False)
        assert engine.interrupt(100_000)
        assert engine.read("JOBS_DONE") == before
        engine.write("INTERRUPT_ENABLE", REGISTERS["INTERRUPT_ENABLE"].used)
        gemm.wait(job)
        assert gemm.out_of_range
        gemm.clear_out_of_range()
        gemm.wait(queue(gemm, kind, rows, columns, good=True))
        assert not gemm.out_of_range


def test_rows_and_columns_that_do_not_exist_are_in_range(engine):
    """Lanes behind the edges of D have what was left of a job whose results were all too large."""
    gemm = Gemm(engine)
    large, small = (
        [gemm.store(quantize(np.full((rows, 32), value, np.float32), MX9)) for rows in sizes]
        for value, sizes in ((8, (8, 32)), (1, (5, 17)))
    )
    for keep in "ab":
        for (a, b), expected in ((large, True), (small, False)):
            d = gemm.empty((a.shape[0], b.shape[0]), MX9)
            gemm.wait(gemm.product(a, b, d, function="exp2", keep=keep))
            assert gemm.out_of_range == expected
            gemm.clear_out_of_range()


@pytest.mark.parametrize("size", [1, 20])
def test_softmax(engine, size):
    """The fast one, and where it does not fit that of rows less their maximum: every bit as on the model."""
    found = []
    for port in (ModelPort(PARAMETERS, size=1 << 18, origin=engine.memory.start), engine):
        gemm, rng = Gemm(port), np.random.default_rng(3)
        q, k = (quantize(size * rng.standard_normal((21, 24), dtype=np.float32), MX9) for _ in range(2))
        v = np.concatenate([rng.standard_normal((24, 21), dtype=np.float32), np.ones((1, 21), np.float32)])
        left, right, values = (gemm.store(x) for x in (q, k, quantize(v, MX9)))
        logits, p = gemm.empty((21, 21), MemoryFormat.BINARY32), gemm.empty((21, 21), MX9)
        sums, result = gemm.empty((21, 25), MemoryFormat.BINARY32), gemm.empty((21, 24), MX9)
        gemm.product(left, right, p, function="exp2")
        gemm.product(p, values, sums)
        gemm.wait(gemm.reorder(sums, result, divide=True))
        assert gemm.out_of_range == (size == 20)
        gemm.clear_out_of_range()
        with gemm.recording() as jobs:
            gemm.product(left, right, logits)
            gemm.reorder(logits, p, norm="exponential")
            gemm.product(p, values, sums)
            gemm.reorder(sums, result, divide=True)
        gemm.wait(gemm.run_list(jobs))
        assert not gemm.out_of_range
        found.append([gemm.port.read_memory(m.address, m.size) for m in (logits, p, sums, result)])
    for model, hardware in zip(*found, strict=True):
        assert np.array_equal(model, hardware)
