"""Jobs in another order: the same in memory, and row jobs among products."""

from itertools import groupby

import numpy as np

from golden.engine import EngineParameters, ErrorCode, Operation, run
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.job_order import overlapping
from mixdit.compiler.program import Job
from mixdit.compiler.random_weights import random_weights
from verif.hw.gemm.meeting_jobs import meeting_jobs
from verif.hw.gemm.random_jobs import Layout
from verif.runner import seed

PARAMETERS = EngineParameters(
    rows=4, cols=8, k_blocks=4, address_bits=20, reorder_columns=80, function_lanes=4
)


def test_the_same_in_memory():
    """Of jobs that read and write what others do, whatever the order became."""
    rng = np.random.default_rng([seed(), 7])
    moved = 0
    for _ in range(60):
        memory = rng.integers(0, 256, 1 << 18, dtype=np.uint8)
        drawn = meeting_jobs(rng, Layout(rng), PARAMETERS)
        for job in drawn:
            for address, content in job.contents:
                memory[address : address + len(content)] = np.frombuffer(content, np.uint8)
        jobs = [Job(str(n), job.descriptor) for n, job in enumerate(drawn)]
        ordered = overlapping(jobs, PARAMETERS)
        assert sorted(jobs, key=id) == sorted(ordered, key=id)
        found = []
        for order in (jobs, ordered):
            found.append(memory.copy())
            for job in order:
                assert run(found[-1], job.descriptor, PARAMETERS) == ErrorCode.NONE
        np.testing.assert_array_equal(*found)
        moved += ordered != jobs
    assert moved > 20


def test_of_none_and_one():
    rng = np.random.default_rng(1)
    one = Job("one", meeting_jobs(rng, Layout(rng), PARAMETERS)[0].descriptor)
    assert overlapping([], PARAMETERS) == []
    assert overlapping([one], PARAMETERS) == [one]


def test_row_jobs_of_a_block_are_among_its_products():
    """What waits for a single job is a part of the heads' results, and the last divisions."""
    heads, tokens = 8, 256
    weights = random_weights(np.random.default_rng(2), heads=heads, head_width=24, hidden=96)
    parameters = EngineParameters(data_bits=256, reorder_columns=192, function_lanes=4)
    plan = BlockPlan.uniform(weights)
    jobs = compile_blocks([(weights, plan)], tokens=tokens, parameters=parameters).jobs
    kinds = [job.descriptor.operation for job in jobs]
    runs = [sum(1 for _ in run) for kind, run in groupby(kinds) if kind == Operation.REORDER]
    assert sum(runs) == 1 + heads + 3 * 4
    assert len(runs) >= 12
    assert max(runs) <= 4
