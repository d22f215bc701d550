"""Lists of jobs through the driver: what they compute, run again, and what becomes of them after faults."""

import numpy as np
import pytest

from golden import MX6, add_binary32, matmul
from golden.engine import REGISTERS, ErrorCode, MemoryFormat, quantize_rows
from mixdit.driver import EngineError, EngineTimeoutError, Gemm, ModelPort, PortError
from verif.mixdit.driver.ports import QueuedPort
from verif.mixdit.driver.wrong_calls import PARAMETERS, A, B

HIDDEN = quantize_rows(matmul(A, B, k_blocks=PARAMETERS.k_blocks), MemoryFormat.MX6)
TOTAL = matmul(HIDDEN, HIDDEN, k_blocks=PARAMETERS.k_blocks)
LONG = 11
"""Jobs of a list, more than the queue holds."""


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    return np.array_equal(x.view(np.uint32), y.view(np.uint32))


class Chain:
    """A list: D += (A B^T) (A B^T)^T, in so many jobs that the queue does not hold them."""

    def __init__(self, gemm: Gemm):
        self.gemm = gemm
        self.a, self.b, self.hidden = gemm.store(A), gemm.store(B), gemm.empty(HIDDEN.shape, MX6)
        self.total = gemm.store(np.zeros(TOTAL.shape, np.float32))
        self.expected = np.zeros(TOTAL.shape, np.float32)
        self.places = []
        with gemm.recording() as self.jobs:
            for _ in range(LONG - 1):
                self.places.append(gemm.product(self.a, self.b, self.hidden))
            self.places.append(gemm.product(self.hidden, self.hidden, self.total, accumulate=True))

    def run(self) -> int:
        self.expected = add_binary32(TOTAL, self.expected)
        return self.gemm.run_list(self.jobs)

    def check(self) -> None:
        assert same_bits(self.gemm.load(self.total), self.expected)


@pytest.mark.parametrize("engine", [ModelPort, QueuedPort])
def test_a_list_is_run_as_often_as_wanted(engine):
    gemm = Gemm(engine(PARAMETERS, size=1 << 17))
    free = gemm.available
    chain = Chain(gemm)
    assert chain.places == [*range(1, LONG + 1)]
    assert len(chain.jobs) == LONG
    assert gemm._read("JOBS_SUBMITTED") == 0
    gemm.wait(chain.run())
    chain.check()
    assert chain.run() == 2 * LONG
    assert chain.run() == 3 * LONG
    last = gemm.product(chain.a, chain.b, chain.hidden)
    assert last == 3 * LONG + 1
    assert chain.run() == 4 * LONG + 1
    gemm.wait(2 * LONG)
    chain.check()
    assert gemm._read("LISTS_DONE") == 4
    assert gemm._read("JOBS_DONE") == gemm._read("JOBS_SUBMITTED") == 4 * LONG + 1
    for each in (chain.jobs, chain.a, chain.b, chain.hidden, chain.total):
        gemm.free(each)
    assert gemm.available == free


def test_a_list_and_its_matrices_may_be_freed_while_it_runs():
    gemm = Gemm(QueuedPort(PARAMETERS, size=1 << 17))
    free = gemm.available
    chain = Chain(gemm)
    taken = free - gemm.available
    last = chain.run()
    for each in (chain.jobs, chain.a, chain.b, chain.hidden, chain.total):
        gemm.free(each)
    assert gemm.available == free - taken
    gemm.wait(last)
    assert gemm.available == free
    with pytest.raises(ValueError, match="jobs was freed"):
        gemm.run_list(chain.jobs)


def test_a_list_with_a_matrix_that_was_freed_is_refused():
    gemm = Gemm(ModelPort(PARAMETERS, size=1 << 17))
    chain = Chain(gemm)
    gemm.free(chain.hidden)
    with pytest.raises(ValueError, match="jobs is not whole: a matrix was freed"):
        chain.run()
    assert gemm._read("JOBS_SUBMITTED") == 0


class Listening(QueuedPort):
    """Counts interrupts: returns of `wait` in which an enabled event is pending."""

    interrupts = 0

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self.interrupts += self._words["INTERRUPT_STATUS"] & self._words["INTERRUPT_ENABLE"] != 0


def test_only_the_end_of_a_list_interrupts():
    gemm = Gemm(Listening(PARAMETERS, size=1 << 17))
    chain = Chain(gemm)
    gemm.wait(chain.run())
    assert gemm.port.interrupts == 1
    chain.run()
    gemm.wait(gemm.product(chain.a, chain.b, chain.hidden))
    assert gemm.port.interrupts > LONG
    chain.check()


@pytest.mark.parametrize("place", [0, 3, LONG - 1])
@pytest.mark.parametrize("engine", [ModelPort, QueuedPort])
def test_a_fault_within_a_list(engine, place):
    """Memory that fails: the jobs before are done, and none behind."""
    gemm = Gemm(engine(PARAMETERS, size=1 << 17))
    chain = Chain(gemm)
    last = chain.run()
    gemm.wait(last)
    gemm.port.write_memory(chain.jobs.address + 128 * place + 8, np.zeros(4, np.uint8))  # M = 0
    gemm.run_list(chain.jobs)
    with pytest.raises(EngineError, match="SIZE: M, N or K is 0") as caught:
        gemm.wait()
    assert (caught.value.code, caught.value.job) == (ErrorCode.SIZE, LONG + place + 1)
    assert gemm._read("JOBS_DONE") == LONG + place
    gemm.reset()
    gemm.port.write_memory(chain.jobs.address + 128 * place + 8, np.array([5, 0, 0, 0], np.uint8))
    assert same_bits(gemm.load(chain.total), chain.expected)
    gemm.wait(chain.run())
    chain.check()


def test_a_link_that_leads_nowhere():
    gemm = Gemm(ModelPort(PARAMETERS, size=1 << 17))
    chain = Chain(gemm)
    link = np.array([0x12340, 0], "<u4").view(np.uint8)
    gemm.port.write_memory(chain.jobs.address + 128 + 120, link)
    gemm.run_list(chain.jobs)
    with pytest.raises(EngineError, match="LIST at 0x12340: an entry of a list is not aligned") as caught:
        gemm.wait()
    assert (caught.value.code, caught.value.address, caught.value.job) == (ErrorCode.LIST, 0x12340, 3)
    with pytest.raises(EngineError, match="LIST at 0x12340"):
        gemm.run_list(chain.jobs)
    with pytest.raises(PortError, match="doorbell was refused"):
        gemm.port.write32(REGISTERS["LIST_DOORBELL"].offset, 1)
    gemm.reset()
    assert gemm._read("LISTS_DONE") == 0


def test_a_recording_that_was_cut_short_is_no_list():
    gemm = Gemm(ModelPort(PARAMETERS, size=1 << 17))
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty(HIDDEN.shape, MX6)
    free = gemm.available
    context = gemm.recording()
    jobs = context.__enter__()
    gemm.product(a, b, d)
    assert not context.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert gemm.available == free
    with pytest.raises(ValueError, match="jobs must be a list whose recording has ended"):
        gemm.run_list(jobs)
    assert gemm.product(a, b, d) == 1


def test_descriptors_as_a_list():
    gemm = Gemm(ModelPort(PARAMETERS, size=1 << 17))
    a, b, d = gemm.store(A), gemm.store(B), gemm.store(np.zeros((5, 33), np.float32))
    job = gemm._product(a, b, d, {})
    gemm.wait(gemm.run_list(gemm.store_list([job, job])))
    assert same_bits(gemm.load(d), matmul(A, B, k_blocks=PARAMETERS.k_blocks))
    assert gemm._read("JOBS_DONE") == 2


def test_no_memory_for_a_list():
    gemm = Gemm(ModelPort(PARAMETERS, size=1 << 12))
    a, d = gemm.empty((2, 2), MX6), gemm.empty((2, 2), MX6)
    free = gemm.available
    job = gemm._product(a, a, d, {})
    with pytest.raises(MemoryError, match="no room for"):
        gemm.store_list([job] * 40)
    assert gemm.available == free
    assert gemm.product(a, a, d) == 1


class Old(ModelPort):
    """An engine without lists."""

    def read32(self, offset: int) -> int:
        return 0x10001 if offset == REGISTERS["VERSION"].offset else super().read32(offset)


def test_an_engine_without_lists_is_told():
    gemm = Gemm(Old(PARAMETERS, size=1 << 17))
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty(HIDDEN.shape, MX6)
    with pytest.raises(ValueError, match=r"registers from version 1\.2 on, not 1\.1"), gemm.recording():
        gemm.product(a, b, d)
    gemm.wait(gemm.product(a, b, d))


class Stuck(QueuedPort):
    def wait(self, seconds: float) -> None:
        pass


def test_a_list_that_is_never_fetched():
    gemm = Gemm(Stuck(PARAMETERS, size=1 << 17), timeout=0.02)
    chain = Chain(gemm)
    chain.run()
    with pytest.raises(EngineTimeoutError, match=r"a list is not fetched within 0\.02 seconds"):
        chain.run()
    with pytest.raises(EngineTimeoutError, match="the queue stays full"):
        gemm.product(chain.a, chain.b, chain.hidden)
    gemm.reset()
    gemm.timeout = 5
