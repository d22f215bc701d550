"""A sparse memory is compared where somebody touched it, and strays are found however far away."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from golden.engine import EngineParameters, ErrorCode, regions
from mixdit.sim.sparse_bytes import SparseBytes
from verif.hw.gemm.expected_sparse_memory import ExpectedSparseMemory
from verif.hw.gemm.random_jobs import Job, random_job
from verif.hw.gemm.sparse_layout import SparseLayout

PARAMETERS = EngineParameters(rows=2, cols=4, k_blocks=4, data_bits=64, address_bits=40, function_lanes=0)
SIZE = 1 << 38


@dataclass
class Engine:
    """What is compared of a harness: it does what golden does, and whatever a test adds."""

    memory: range = range((1 << 40) - SIZE, 1 << 40)
    sparse_data: SparseBytes = field(default_factory=lambda: SparseBytes(SIZE))
    sparse_written: SparseBytes = field(default_factory=lambda: SparseBytes(SIZE))

    @property
    def data(self):
        return self.sparse_data.bytes

    @property
    def written(self):
        return self.sparse_written.bytes


def done(seed: int = 1) -> tuple[Engine, ExpectedSparseMemory, Job]:
    """A job that an engine and golden have done."""
    rng, engine = np.random.default_rng(seed), Engine()
    job = random_job(rng, SparseLayout(rng, engine.memory), m=9, n=20, k=40)
    other = ExpectedSparseMemory(PARAMETERS, engine)
    for memory in (expected := ExpectedSparseMemory(PARAMETERS, engine), other):
        memory.put(job)
        assert memory.run(job.descriptor) == ErrorCode.NONE
    for part in other._parts():
        engine.data[part] = other.data[part]
    d = regions(job.descriptor)["D"]
    for row in range(d.rows):
        start = d.address - engine.memory.start + row * d.pitch
        engine.written[start : start + d.row_bytes] = 1
    return engine, expected, job


@pytest.mark.parametrize("seed", range(4))
def test_all_good(seed):
    engine, expected, job = done(seed)
    expected.compare(engine.data, [job])


@pytest.mark.parametrize("place", [0, 12345, SIZE - 1])
def test_a_stray_byte_is_found(place):
    engine, expected, job = done()
    engine.data[place] ^= 1
    with pytest.raises(
        AssertionError, match=rf"1 bytes differ, the first at {place + engine.memory.start:#x}"
    ):
        expected.compare(engine.data, [job])


def test_a_missing_result_is_found():
    engine, expected, job = done()
    d = regions(job.descriptor)["D"]
    engine.data[d.end - 1 - engine.memory.start] ^= 1
    with pytest.raises(AssertionError, match=rf"1 bytes differ, the first at {d.end - 1:#x}"):
        expected.compare(engine.data, [job])


@pytest.mark.parametrize("where", ["far", "before", "behind", "gap"])
def test_a_write_of_what_was_there_is_found(where):
    engine, expected, job = done()
    d = replace(regions(job.descriptor)["D"])
    address = {
        "far": engine.memory.start,
        "before": d.address - 1,
        "behind": d.end,
        "gap": d.address + d.pitch - 1,
    }[where]
    assert where != "gap" or d.pitch > d.row_bytes
    engine.written[address - engine.memory.start] = 1
    with pytest.raises(AssertionError, match=rf"1 bytes outside of D are written, the first at {address:#x}"):
        expected.compare(engine.data, [job])
