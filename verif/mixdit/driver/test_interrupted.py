"""Calls that end early, by Ctrl-C or by a port that fails, at every access: the next call is right."""

import sys

import numpy as np
import pytest

import mixdit.driver
from golden import MX6, add_binary32, matmul, quantize
from golden.engine import REGISTERS, MemoryFormat, quantize_rows
from mixdit.driver import EngineTimeoutError, Gemm, ModelPort, PortError
from verif.mixdit.driver.ports import FailingPort, QueuedPort
from verif.mixdit.driver.wrong_calls import PARAMETERS, A, B, rows

RIGHT = matmul(A, B, k_blocks=PARAMETERS.k_blocks)
BIAS = rows(6, 33)
X = rows(7, 3, 100)
DRIVER = mixdit.driver.__path__[0]
ORDER = np.random.default_rng(8).permutation(100)


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    return np.array_equal(x.view(np.uint32), y.view(np.uint32))


def multiply(gemm: Gemm) -> None:
    expected = add_binary32(RIGHT, np.broadcast_to(BIAS, RIGHT.shape))
    assert same_bits(gemm.matmul(A, B, bias=BIAS), expected)


def keep(gemm: Gemm) -> None:
    gemm.free(gemm.store(A))
    gemm.free(gemm.store_permutation(ORDER))


def begin_again(gemm: Gemm) -> None:
    gemm.reset()


def record(gemm: Gemm) -> None:
    """A list of two jobs, run twice."""
    held = []
    try:
        for value in (A, B, np.zeros(RIGHT.shape, np.float32)):
            held.append(gemm.store(value))
        a, b, d = held
        with gemm.recording() as jobs:
            gemm.product(a, b, d)
            gemm.product(a, b, d, accumulate=True)
        held.append(jobs)
        gemm.run_list(jobs)
        gemm.wait(gemm.run_list(jobs))
        assert same_bits(gemm.load(d), add_binary32(RIGHT, RIGHT))
    finally:
        for each in held:
            gemm.free(each)


CALLS = {call.__name__: call for call in (multiply, keep, record, begin_again)}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("engine", [ModelPort, QueuedPort])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, PortError])
def test_at_every_access(call, engine, after, error):
    """The same object goes on, so what one interruption leaves behind meets the next one."""
    port = FailingPort(engine(PARAMETERS, size=1 << 16), error, after=after)
    gemm = Gemm(port)
    a = quantize(rows(9, 9, 300), MX6)  # other sizes than those of the call, so other addresses
    b = quantize(rows(10, 40, 300), MX6)
    expected = matmul(a, b, k_blocks=PARAMETERS.k_blocks)
    d = gemm.empty(expected.shape, MemoryFormat.BINARY32)
    left, right = gemm.store(a), gemm.store(b)
    free = gemm.available
    accesses, job = 0, 0
    while True:
        job = gemm.product(left, right, d)  # is under way, on the engine with a queue
        port.fails_at = accesses
        try:
            CALLS[call](gemm)
        except error:
            pass
        else:
            break
        assert same_bits(gemm.matmul(a, b), expected)
        # More if the interrupted call had some.
        more = gemm.product(left, right, d) - job - 2
        assert more in {"multiply": (0, 1), "record": (0, 2, 4)}.get(call, (0,))
        if call != "begin_again":
            assert same_bits(gemm.load(d), expected)
        multiply(gemm)
        assert gemm.available == free
        accesses += 1
    assert port.fails_at is not None
    assert accesses >= {"multiply": 20, "keep": 2, "record": 15, "begin_again": 4}[call]


class CtrlC:
    """Ctrl-C before line number ``line`` of the driver's that runs while this context is open."""

    def __init__(self, line: int):
        self.left = line

    def __enter__(self) -> None:
        sys.settrace(self._frame)

    def __exit__(self, *exception: object) -> bool:
        sys.settrace(None)
        return exception[0] is KeyboardInterrupt

    def _frame(self, frame, event, argument):
        return self._line if frame.f_code.co_filename.startswith(DRIVER) else None

    def _line(self, frame, event, argument):
        if event == "line":
            self.left -= 1
            if self.left == -1:
                raise KeyboardInterrupt
        return self._line


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("engine", [ModelPort, QueuedPort])
def test_at_many_lines(call, engine):
    """Ctrl-C knows no accesses: anywhere in the driver, it may leave some memory taken, but nothing wrong."""
    gemm = Gemm(engine(PARAMETERS, size=1 << 18), timeout=5)
    step = {"multiply": 23, "keep": 7, "record": 23, "begin_again": 1}[call]
    before = sys.gettrace()
    lines = 0
    while True:
        job = gemm.product(gemm.store(A), gemm.store(B), d := gemm.empty(RIGHT.shape, MemoryFormat.BINARY32))
        ctrl_c = CtrlC(lines)
        with ctrl_c:
            CALLS[call](gemm)
        if ctrl_c.left >= 0:
            break
        multiply(gemm)
        if call != "begin_again":
            assert same_bits(gemm.load(d), RIGHT), job
        gemm.reset()
        gemm = Gemm(gemm.port, timeout=5) if gemm.available < 1 << 16 else gemm
        lines += step
    sys.settrace(before)
    assert lines >= {"multiply": 1000, "keep": 200, "record": 1000, "begin_again": 40}[call]


@pytest.mark.parametrize("engine", [ModelPort, QueuedPort])
def test_a_list_at_every_line(engine):
    """Whatever Ctrl-C leaves of the call, the next one knows how many jobs were queued: all, or none."""
    gemm = Gemm(engine(PARAMETERS, size=1 << 17), timeout=5)
    a, b, d = gemm.store(A), gemm.store(B), gemm.store(np.zeros(RIGHT.shape, np.float32))
    total, expected = gemm.store(np.zeros(RIGHT.shape, np.float32)), np.zeros(RIGHT.shape, np.float32)
    with gemm.recording() as jobs:
        for _ in range(6):
            gemm.product(a, b, d)
        gemm.product(a, b, total, accumulate=True)
    lines, queued = 0, 0
    while True:
        ctrl_c = CtrlC(lines)
        with ctrl_c:
            gemm.run_list(jobs)
        if ctrl_c.left >= 0:
            break
        job = gemm.product(a, b, d)
        assert job - queued in (1, 8)
        if job - queued == 8:
            expected = add_binary32(RIGHT, expected)
        queued = job
        gemm.wait()
        assert same_bits(gemm.load(total), expected)
        assert gemm.port.read32(REGISTERS["JOBS_DONE"].offset) == queued
        assert same_bits(gemm.load(d), RIGHT)
        lines += 1
    assert lines > 50


def test_a_job_that_nobody_waits_for_keeps_its_memory():
    """Ctrl-C in `matmul` leaves its job in the queue: what that reads and writes is not given away."""
    port = FailingPort(QueuedPort(PARAMETERS, size=1 << 15), KeyboardInterrupt, after=False)
    gemm = Gemm(port)
    free = gemm.available
    port.wait = lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        gemm.matmul(A, B)
    held = free - gemm.available
    assert held >= RIGHT.nbytes
    x = gemm.store(np.zeros((20, 30), np.float32))
    del port.wait
    gemm.wait()
    assert same_bits(gemm.load(x), np.zeros((20, 30), np.float32))
    gemm.free(x)
    assert gemm.available == free


def test_memory_comes_back_when_it_is_needed():
    """Too little is free for the next operand until a job that nobody waited for has ended."""
    gemm = Gemm(QueuedPort(PARAMETERS, size=1 << 14))
    size = gemm.available
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty(RIGHT.shape, MemoryFormat.BINARY32)
    gemm.product(a, b, d)
    for matrix in (a, b, d):
        gemm.free(matrix)
    assert gemm.available < size
    whole = gemm.store(np.zeros((1, size // 4), np.float32))
    assert gemm.available == 0
    with pytest.raises(MemoryError, match="no room for 4 bytes: 0 are free"):
        gemm.store(np.zeros((1, 1), np.float32))
    gemm.free(whole)
    assert gemm.available == size


def test_a_reset_gives_back_what_dropped_jobs_used():
    gemm = Gemm(QueuedPort(PARAMETERS, size=1 << 16))
    size = gemm.available
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty(RIGHT.shape, MX6)
    job = gemm.product(a, b, d)
    for matrix in (a, b, d):
        gemm.free(matrix)
    assert gemm.available < size
    gemm.reset()
    assert gemm.available == size
    with pytest.raises(ValueError, match=f"job must be one since the last reset, none, not {job}"):
        gemm.wait(job)
    assert gemm.product(*map(gemm.store, (A, B)), gemm.empty(RIGHT.shape, MX6)) == job + 1


def test_load_waits_for_the_jobs_of_its_matrix():
    gemm = Gemm(QueuedPort(PARAMETERS, size=1 << 16))
    x, d = gemm.store(X), gemm.empty(X.shape, MX6, mx9_blocks=2)
    gemm.reorder(x, d, gemm.store_permutation(ORDER))
    expected = quantize_rows(X[:, ORDER], MemoryFormat.MX6, 2)
    for part, other in zip(gemm.load(d).parts, expected.parts, strict=True):
        assert np.array_equal(part.elements, other.elements)


class Slow(QueuedPort):
    """Nothing ends until it may."""

    may = False

    def wait(self, seconds: float) -> None:
        if self.may:
            super().wait(seconds)


def test_a_wait_that_timed_out_may_be_repeated():
    gemm = Gemm(Slow(PARAMETERS, size=1 << 16), timeout=0.02)
    free = gemm.available
    with pytest.raises(EngineTimeoutError, match=r"job 1 does not end within 0.02 seconds"):
        gemm.matmul(A, B)
    assert gemm.available < free
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty(RIGHT.shape, MemoryFormat.BINARY32)
    while not gemm.status["full"]:
        gemm.product(a, b, d)
    with pytest.raises(EngineTimeoutError, match=r"the queue stays full within 0.02 seconds"):
        gemm.product(a, b, d)
    gemm.port.may = True
    gemm.wait()
    assert same_bits(gemm.load(d), RIGHT)
    for matrix in (a, b, d):
        gemm.free(matrix)
    assert gemm.available == free
