"""Random jobs by the thousand, and real layers, on the compiled engine, byte for byte against golden."""

import numpy as np
import pytest

from golden import MX6, MX9, Tensor, concat, matmul, quantize
from golden.engine import (
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    RESULT_FORMATS,
    STALLS,
    EngineParameters,
    Function,
    MemoryFormat,
    Operation,
    encode,
)
from golden.formats import BLOCK_SIZE
from mixdit.driver import Gemm
from mixdit.sim import EngineHarness
from verif.coverage import Coverage
from verif.hw.gemm.checked_engine import CheckedEngine, random_memory
from verif.hw.gemm.listed_jobs import LIST_FEATURES, list_features
from verif.hw.gemm.meeting_jobs import KINDS, MEETINGS, meetings
from verif.hw.gemm.random_jobs import Layout
from verif.hw.gemm.rounds import (
    EPILOGUES,
    FEATURES,
    RANGES,
    REORDER_FEATURES,
    ROW_FUNCTIONS,
    features,
    format_name,
    random_round,
    range_kind,
)
from verif.runner import seed

ENGINES = {
    "64 bits": EngineParameters(
        rows=2, cols=4, drain_rows=2, k_blocks=4, data_bits=64, address_bits=32,
        function_lanes=0),
    "128 bits, reorder and functions": EngineParameters(
        rows=4, cols=8, drain_rows=4, k_blocks=4, data_bits=128, address_bits=20, reorder_columns=80,
        function_lanes=4),
    "256 bits, narrow": EngineParameters(
        rows=6, cols=2, drain_rows=3, k_blocks=2, data_bits=256, stationary_tiles=1, queue_depth=8,
        fraction_bits=11, function_lanes=0),
    "512 bits, two arrays, functions": EngineParameters(
        rows=4, cols=16, drain_rows=1, k_blocks=6, data_bits=512, arrays=2, stationary_tiles=3,
        address_bits=64, function_lanes=1),
}  # fmt: skip

ADDER_LANES = {"64 bits": 2, "256 bits, narrow": 1}
"""Of engines whose adder is slower than the rest of the path: parts of rows come with gaps."""

WIDE = EngineParameters(data_bits=256, stationary_tiles=8, function_lanes=0)
"""Two tiles of a K of 4608 stay on chip."""

FULL, SAMPLE = 780, 100
"""Descriptors of each engine in the campaign, so more than 3,000 of all, and of one in every run of the
tests."""

MIXED = tuple(f"MX9+{fmt.name}" for fmt in MIXABLE_FORMATS)
OPERANDS = (*(fmt.name for fmt in OPERAND_FORMATS), *MIXED)
RESULTS = (*(fmt.name for fmt in RESULT_FORMATS), *MIXED)


def run_campaign(name: str, count: int, summarize, tabulate) -> None:
    p = ENGINES[name]
    rng = np.random.default_rng([seed(), list(ENGINES).index(name)])
    checked = CheckedEngine(p, rng, adder_lanes=ADDER_LANES.get(name, 0))
    operands = Coverage("engine-operands", a=OPERANDS, b=OPERANDS)
    results = Coverage("engine-results", d=RESULTS)
    lists = Coverage("engine-lists", feature=LIST_FEATURES)
    coverages = [operands, results, Coverage("engine-features", feature=FEATURES)]
    met = Coverage("engine-meetings", kinds=KINDS, back=(1, 2), how=MEETINGS)
    if p.reorder_columns:
        coverages.append(
            Coverage("engine-reorder", feature=REORDER_FEATURES + ROW_FUNCTIONS * (p.function_lanes > 0))
        )
        coverages.append(met)
    functions = Coverage("engine-functions", function=[f.name for f in Function], d=RESULTS)
    gates = Coverage("engine-gates", gate=["row", "column"], d=RESULTS)
    epilogues = Coverage("engine-epilogues", feature=EPILOGUES)
    made = RANGES if p.reorder_columns else RANGES[:1]
    ranges = Coverage("engine-range", made=made, out_of_range=[False, True])
    if p.function_lanes:
        coverages += [functions, gates, epilogues, ranges]
    coverages.append(lists)
    while checked.expected.descriptors < count:
        checked.engine.set_memory(random_memory(rng))
        jobs = random_round(rng, Layout(rng, checked.origin), p)
        rings = checked.run(jobs)
        for feature in list_features(rings, checked.engine.memory.stop):
            lists.hit(feature=feature)
        for kinds, back, how in meetings([job.descriptor for job in jobs]):
            met.hit(kinds=kinds, back=back, how=how)
        for job, out_of_range in zip(jobs, checked.expected.ranges[-len(jobs) :], strict=True):
            d = job.descriptor
            if kind := range_kind(d):
                ranges.hit(made=kind, out_of_range=out_of_range)
            if d.operation == Operation.PRODUCT:
                operands.hit(
                    a=format_name(d.a_format, d.a_mx9_blocks), b=format_name(d.b_format, d.b_mx9_blocks)
                )
                made = format_name(d.d_format, d.d_mx9_blocks)
                results.hit(d=made)
                functions.hit(function=Function(d.function).name, d=made)
                if d.gate:
                    gates.hit(gate=("row", "column")[d.gate_by_row], d=made)
            for feature in features(d, p):
                kind = (
                    epilogues if feature in EPILOGUES else coverages[2 + (d.operation == Operation.REORDER)]
                )
                kind.hit(feature=feature)
    if count == FULL:
        for coverage in coverages:
            coverage.require_full()
    else:
        coverages = [results := Coverage("engine-sample")]
    results.compared(checked.expected.outputs)
    for coverage in coverages:
        summarize(coverage)
    counts = {
        "jobs": checked.expected.descriptors,
        "elements of D": checked.expected.outputs,
        "lists": checked.engine.read("LISTS_DONE"),
        "cycles": checked.engine.cycles,
    }
    tabulate("random jobs on the engine", name, counts)


@pytest.mark.slow
def test_sample_of_random_jobs(summarize, tabulate):
    run_campaign("128 bits, reorder and functions", SAMPLE, summarize, tabulate)


@pytest.mark.engine
@pytest.mark.parametrize("name", ENGINES)
def test_random_jobs(name, summarize, tabulate):
    """Every feature of descriptors, several in the queue, with memory of all sorts."""
    run_campaign(name, FULL, summarize, tabulate)


def operand(rng: np.random.Generator, rows: int, k: int, mx9_share: float) -> Tensor:
    """Random values ``[rows, k]``, the first k-blocks in MX9, the rest in MX6."""
    x = rng.standard_normal((rows, k), dtype=np.float32)
    split = min(k, round(mx9_share * -(-k // BLOCK_SIZE)) * BLOCK_SIZE)
    parts = ((x[:, :split], MX9), (x[:, split:], MX6))
    return concat([quantize(part, fmt) for part, fmt in parts if part.size])


LAYERS = {
    "linear": (256, 1152, 1152, 0.05, 0.0, MemoryFormat.MX6),
    "linear up": (256, 4608, 1152, 0.05, 0.0, MemoryFormat.BFLOAT16),
    "linear down": (256, 1152, 4608, 0.05, 0.0, MemoryFormat.BINARY32),
    "Q x K": (256, 256, 72, 1.0, 1.0, MemoryFormat.BINARY32),
    "P x V": (256, 72, 256, 1.0, 1.0, MemoryFormat.MX6),
}
"""M, N and K, shares of MX9 k-blocks in A and B, and D's format."""


@pytest.mark.engine
@pytest.mark.parametrize("name", LAYERS)
def test_real_layers(name, summarize):
    """Layers of a transformer 1152 wide on an 8x8 engine, through the driver."""
    m, n, k, a_share, b_share, out = LAYERS[name]
    leading = 4 if out == MemoryFormat.MX6 else 0
    rng = np.random.default_rng(seed())
    a, b = operand(rng, m, k, a_share), operand(rng, n, k, b_share)
    with EngineHarness(WIDE) as engine:
        gemm = Gemm(engine, timeout=3600)
        left, right, d = gemm.store(a), gemm.store(b), gemm.empty((m, n), out, mx9_blocks=leading)
        expected = engine.data.copy()
        gemm.wait(gemm.product(left, right, d))
        result = encode(matmul(a, b, k_blocks=engine.parameters.k_blocks), out, leading)
        start = d.address - engine.memory.start
        expected[start : start + d.size] = result.reshape(-1)
        np.testing.assert_array_equal(engine.data, expected)
        assert engine.written.sum() == d.size
        counters = gemm.counters()
    blocks = np.arange(-(-k // BLOCK_SIZE))
    passes = (1 + (blocks < round(a_share * blocks.size))) * (1 + (blocks < round(b_share * blocks.size)))
    assert counters["BUSY"] == m // 8 * (n // 8) * passes.sum()
    assert sum(counters[key] for key in STALLS) == counters["CYCLES"]
    total = Coverage("engine-layers")
    total.compared(m * n)
    summarize(total)
