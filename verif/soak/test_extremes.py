"""Jobs of extreme shapes: legal, apart from each other, and no longer than they may take."""

from itertools import combinations

import numpy as np
import pytest

from golden.engine import EngineParameters, ErrorCode, check, regions
from verif.hw.gemm.listed_jobs import LIST_ROOM
from verif.hw.gemm.sparse_layout import SparseLayout
from verif.soak.designs import design
from verif.soak.extremes import MEMORY_BITS, SHAPES, extreme_jobs, work


def memory(p: EngineParameters) -> range:
    size = 1 << min(p.address_bits, MEMORY_BITS)
    return range((1 << p.address_bits) - size, 1 << p.address_bits)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_jobs_that_engines_take(number):
    p = design(5, number).parameters
    jobs, again = (extreme_jobs(np.random.default_rng(number), memory(p), p) for _ in range(2))
    assert jobs == again
    for job in jobs:
        assert check(job.descriptor, p) == ErrorCode.NONE
        assert work(p, job.descriptor) < 3_000_000
    found = [region for job in jobs for region in regions(job.descriptor).values()]
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    assert all(memory(p).start <= region.address for region in found)
    assert all(region.end <= memory(p).stop - LIST_ROOM for region in found)


@pytest.mark.slow
def test_every_shape_comes_in_its_size():
    p = EngineParameters(rows=8, cols=16, address_bits=48, reorder_columns=64)
    largest = dict.fromkeys("mnk", 0)
    spans = []
    for seed in range(12):
        for job in extreme_jobs(np.random.default_rng(seed), memory(p), p):
            largest = {name: max(size, getattr(job.descriptor, name)) for name, size in largest.items()}
            spans += [region.end - region.address for region in regions(job.descriptor).values()]
    assert {name for name in "mnk" if largest[name] >= SHAPES[f"huge {name}"][0]} == set("mnk")
    assert max(spans) > 1 << 30


def test_rows_of_a_sparse_layout_do_not_meet():
    rng = np.random.default_rng(1)
    layout = SparseLayout(rng, range(1 << 50, (1 << 50) + (1 << 38)))
    end = 1 << 50
    pitches = []
    for _ in range(60):
        rows, size = int(rng.integers(1, 3000)), int(rng.integers(1, 500))
        address, pitch = layout.place(rows, size, 4)
        assert address >= end
        assert address % 4 == pitch % 4 == 0
        assert size <= pitch < 1 << 32
        end = address + (rows - 1) * pitch + size
        assert end == layout.next <= (1 << 50) + (1 << 38)
        pitches.append(pitch)
    assert max(pitches) > 1 << 16
    assert min(pitches) < 1 << 10
