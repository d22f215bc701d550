"""The compiled engine as a port, and the memory behind it."""

import numpy as np
import pytest

from golden import MX6, MX9, matmul, quantize
from golden.engine import REGISTERS, EngineParameters, ErrorCode
from mixdit.driver import EngineError, Gemm, PortError
from mixdit.sim import EngineHarness, Fault, HarnessError, Memory, Response
from verif.hw.gemm.test_campaign import ENGINES

PARAMETERS: EngineParameters = ENGINES["128 bits, reorder and functions"]

pytestmark = pytest.mark.slow


def operands(m: int = 6, n: int = 20, k: int = 64):
    rng = np.random.default_rng(1)
    return (
        quantize(rng.standard_normal((m, k), dtype=np.float32), MX6),
        quantize(rng.standard_normal((n, k), dtype=np.float32), MX9),
    )


@pytest.fixture
def engine():
    with EngineHarness(PARAMETERS, size=1 << 18) as made:
        yield made


def test_the_driver_works_on_it(engine):
    gemm = Gemm(engine)
    assert gemm.parameters == PARAMETERS
    a, b = operands()
    np.testing.assert_array_equal(gemm.matmul(a, b), matmul(a, b, k_blocks=PARAMETERS.k_blocks))
    assert engine.bursts[0] > 0
    assert engine.written.sum() == 4 * 6 * 20
    assert gemm.counters()["BYTES_WRITTEN"] == 4 * 6 * 20


def test_a_sparse_memory_is_like_another():
    """Only pages that the engine writes exist among those that it may write."""
    a, b = operands()
    with EngineHarness(PARAMETERS, size=1 << 20, sparse=True) as engine:
        np.testing.assert_array_equal(Gemm(engine).matmul(a, b), matmul(a, b, k_blocks=PARAMETERS.k_blocks))
        held = [part.stop - part.start for part in engine.sparse_written.touched()]
        assert 0 < sum(held) < len(engine.memory) // 4
        assert sum(int(engine.written[part].sum()) for part in engine.sparse_written.touched()) == 4 * 6 * 20


@pytest.mark.parametrize(
    ("writes", "response", "code"),
    [
        (False, Response.SLVERR, ErrorCode.READ_SLAVE_ERROR),
        (False, Response.DECERR, ErrorCode.READ_DECODE_ERROR),
        (True, Response.SLVERR, ErrorCode.WRITE_SLAVE_ERROR),
        (True, Response.DECERR, ErrorCode.WRITE_DECODE_ERROR),
    ],
)
def test_a_fault_reaches_the_driver(engine, writes, response, code):
    gemm = Gemm(engine)
    a, b = operands()
    engine.inject(Fault(writes=writes, beat=3, response=response))
    with pytest.raises(EngineError, match=code.name) as raised:
        gemm.matmul(a, b)
    assert raised.value.address == engine.fault_addresses[writes]
    assert engine.faults == (1 - writes, int(writes))
    gemm.reset()
    np.testing.assert_array_equal(gemm.matmul(a, b), matmul(a, b, k_blocks=PARAMETERS.k_blocks))


def test_memory_takes_its_time():
    """Half the bandwidth, and one burst at a time, cost what they must."""
    cycles = {}
    a, b = operands(32, 48, 256)
    for name, memory in (
        ("fast", Memory(read_latency=1, write_latency=1)),
        ("half", Memory(read_latency=1, write_latency=1, bandwidth=0.5)),
        ("one by one", Memory(read_latency=50, outstanding=1)),
        ("stalls", Memory(stall=0.5)),
    ):
        with EngineHarness(PARAMETERS, size=1 << 18, memory=memory) as engine:
            gemm = Gemm(engine)
            gemm.matmul(a, b)
            counters = gemm.counters()
            cycles[name] = counters["CYCLES"]
            share = counters["BYTES_READ"] / (PARAMETERS.data_bits // 8) / counters["CYCLES"]
            assert share <= memory.bandwidth
            if name == "one by one":
                assert counters["CYCLES"] >= 50 * engine.bursts[0]
    assert cycles["half"] > 1.3 * cycles["fast"]
    assert cycles["stalls"] > 1.2 * cycles["fast"]


def test_silence_is_reported(engine):
    engine.patience = 1000
    with pytest.raises(HarnessError, match="no interrupt within 1000 cycles"):
        engine.wait()


def test_refused_accesses(engine):
    with pytest.raises(PortError, match="not in memory"):
        engine.read_memory(engine.memory.stop - 2, 4)
    gemm = Gemm(engine)
    a, b = operands()
    engine.inject(Fault(writes=False, beat=0))
    with pytest.raises(EngineError):
        gemm.matmul(a, b)
    with pytest.raises(PortError, match="was refused"):
        engine.write("DOORBELL", 1)


def test_a_closed_engine_answers_no_more():
    engine = EngineHarness(PARAMETERS, size=1 << 18)
    gemm = Gemm(engine)
    engine.close()
    engine.close()
    for access in (gemm.counters, gemm.reset, engine.reset, engine.wait, lambda: gemm.matmul(*operands())):
        with pytest.raises(PortError, match="the engine is closed"):
            access()


def test_a_hard_reset_leaves_a_working_engine(engine):
    gemm = Gemm(engine)
    a, b = operands()
    gemm.product(gemm.store(a), gemm.store(b), gemm.empty((6, 20), MX6))
    engine.run(50)
    assert engine.read("STATUS") & REGISTERS["STATUS"]["busy"].mask
    engine.reset()
    assert engine.read("STATUS") == 0
    np.testing.assert_array_equal(Gemm(engine).matmul(a, b), matmul(a, b, k_blocks=PARAMETERS.k_blocks))


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("read_latency", 0, "read_latency must be at least 1, not 0"),
        ("outstanding", 0, "outstanding must be at least 1, not 0"),
        ("bandwidth", 1.5, "bandwidth must be above 0 and at most 1, not 1.5"),
        ("stall", 1.0, "stall must be at least 0 and below 1, not 1.0"),
    ],
)
def test_bad_memory(parameter, value, message):
    with pytest.raises(ValueError, match=message):
        Memory(**{parameter: value})
