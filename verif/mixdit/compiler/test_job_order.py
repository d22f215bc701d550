"""The order of a program's jobs: row jobs among products."""

from itertools import groupby

import numpy as np

from golden.engine import EngineParameters, Operation
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.job_order import overlapping
from mixdit.compiler.random_weights import random_weights


def test_none():
    assert overlapping([], EngineParameters()) == []


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
