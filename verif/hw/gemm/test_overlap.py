"""Row jobs beside products on the compiled engine: that they overlap, and that nobody can tell."""

from collections.abc import Iterator

import numpy as np
import pytest

from golden import MX9, quantize
from golden.engine import MemoryFormat
from mixdit.driver import DeviceMatrix, Gemm
from mixdit.sim import EngineHarness
from verif.coverage import Coverage
from verif.hw.gemm.checked_engine import CheckedEngine, random_memory
from verif.hw.gemm.meeting_jobs import KINDS, MEETINGS, meeting_jobs, meetings
from verif.hw.gemm.random_jobs import Layout
from verif.hw.gemm.test_campaign import ENGINES
from verif.runner import seed

PARAMETERS = ENGINES["128 bits, reorder and functions"]

ROUNDS = 40
"""Of jobs that meet, in every run of the tests."""

pytestmark = pytest.mark.slow


class Pair:
    """A product, bound by its array, and a row job, bound by memory, on matrices of their own."""

    def __init__(self, engine: EngineHarness):
        rng = np.random.default_rng(seed())
        self.engine, self.gemm = engine, Gemm(engine)
        gemm = self.gemm
        self.a, self.b = (
            gemm.store(quantize(rng.standard_normal((rows, 64), dtype=np.float32), MX9)) for rows in (96, 80)
        )
        self.d = gemm.empty((96, 80), MemoryFormat.BFLOAT16)
        self.x = gemm.store(rng.standard_normal((100, 80), dtype=np.float32))
        self.y = gemm.empty((100, 80), MX9)

    def product(self) -> None:
        self.job = self.gemm.product(self.a, self.b, self.d)

    def rows(self) -> None:
        self.job = self.gemm.reorder(self.x, self.y)

    def cycles(self, *jobs: str) -> int:
        """Of jobs that are queued together."""
        self.gemm.clear_counters()
        for job in jobs:
            getattr(self, job)()
        self.gemm.wait(self.job)
        return self.gemm.counters()["CYCLES"]

    def is_written(self, matrix: DeviceMatrix) -> bool:
        """Whether the engine has written all of a matrix since ``engine.written`` was cleared."""
        start = matrix.address - self.engine.memory.start
        return bool(self.engine.written[start : start + matrix.size].all())


@pytest.fixture
def pair() -> Iterator[Pair]:
    with EngineHarness(PARAMETERS, size=1 << 18) as engine:
        yield Pair(engine)


@pytest.mark.parametrize("jobs", [("product", "rows"), ("rows", "product")])
def test_jobs_on_memory_of_their_own_overlap(pair, jobs):
    """Most of the shorter one takes no time of its own, though both share a port that either could fill."""
    alone = [pair.cycles(job) for job in jobs]
    assert min(alone) > 0.4 * max(alone)
    assert pair.cycles(*jobs) < max(alone) + 0.5 * min(alone)


def test_a_row_job_waits_for_the_product_that_it_reads(pair):
    pair.x, pair.y = pair.d, pair.gemm.empty(pair.d.shape, MX9)
    alone = [pair.cycles(job) for job in ("product", "rows")]
    assert pair.cycles("product", "rows") > 0.95 * sum(alone)


@pytest.mark.parametrize(("jobs", "last"), [(("product", "rows"), "y"), (("rows", "product"), "d")])
def test_the_job_that_is_done_first_is_told_of_last(pair, jobs, last):
    """All that the second job writes is in memory, and it counts only behind the first one."""
    gemm, engine = pair.gemm, pair.engine
    if last == "y":
        pair.x, pair.y = pair.x.rows(0, 60), pair.y.rows(0, 60)
    else:
        pair.a, pair.d = pair.a.rows(0, 8), pair.d.rows(0, 8)
    first = pair.d if last == "y" else pair.y
    done = engine.read("JOBS_DONE")
    engine.written[:] = 0
    for job in jobs:
        getattr(pair, job)()
    waited = 0
    while not pair.is_written(first):
        waited += pair.is_written(getattr(pair, last))
        assert engine.read("JOBS_DONE") == done
        engine.run(20)
    assert waited > 10
    gemm.wait(pair.job)
    assert engine.read("JOBS_DONE") == done + 2
    assert pair.is_written(getattr(pair, last))


def test_jobs_that_meet(summarize):
    """Every byte is as if they had run one after the other, in lists and not, with memory of all sorts."""
    rng = np.random.default_rng([seed(), 5])
    checked = CheckedEngine(PARAMETERS, rng)
    met = Coverage("engine-meetings", kinds=KINDS, back=(1, 2), how=MEETINGS)
    for _ in range(ROUNDS):
        checked.engine.set_memory(random_memory(rng))
        jobs = meeting_jobs(rng, Layout(rng, checked.origin), PARAMETERS)
        checked.run(jobs)
        for kinds, back, how in meetings([job.descriptor for job in jobs]):
            met.hit(kinds=kinds, back=back, how=how)
    met.compared(checked.expected.outputs)
    met.require_full()
    summarize(met)
