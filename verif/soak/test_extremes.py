"""Jobs of extreme shapes: legal, apart from each other, and no longer than they may take."""

from itertools import combinations

import numpy as np
import pytest

from golden.engine import EngineParameters, ErrorCode, check, regions
from verif.hw.gemm.listed_jobs import LIST_ROOM
from verif.hw.gemm.sparse_layout import SparseLayout
from verif.soak.designs import design
from verif.soak.extremes import MEMORY_BITS, SHAPES, extreme_jobs, shapes, work


def memory(p: EngineParameters) -> range:
    size = 1 << min(p.address_bits, MEMORY_BITS)
    return range((1 << p.address_bits) - size, 1 << p.address_bits)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_jobs_that_engines_take(number):
    p = design(5, number).parameters
    shape = shapes(p)[number]
    jobs, again = (extreme_jobs(np.random.default_rng(number), memory(p), p, shape) for _ in range(2))
    assert jobs == again
    for job in jobs:
        assert check(job.descriptor, p) == ErrorCode.NONE
        assert work(p, job.descriptor) < 3_000_000
    found = [region for job in jobs for region in regions(job.descriptor).values()]
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    assert all(memory(p).start <= region.address for region in found)
    assert all(region.end <= memory(p).stop - LIST_ROOM for region in found)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_its_size_on_an_engine_that_is_large_enough(shape):
    p = EngineParameters(rows=8, cols=16, address_bits=48, reorder_columns=64)
    jobs = extreme_jobs(np.random.default_rng(1), memory(p), p, shape)
    name = shape.partition(" ")[2].replace("rows", "m")
    least, most = SHAPES[shape]
    assert least <= max(getattr(job.descriptor, name) for job in jobs) < most


def test_small_engines_have_no_rows_to_permute():
    p = EngineParameters(rows=2, cols=2, reorder_columns=0)
    assert [name for name in SHAPES if name not in shapes(p)] == ["long rows", "huge rows"]


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
