"""Jobs in the order of a compiled program: the same in memory."""

import numpy as np

from golden.engine import EngineParameters, ErrorCode, run
from mixdit.compiler.job_order import overlapping
from mixdit.compiler.program import Job
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
