"""cocotb tests of reorder jobs, against ``golden.engine.run``."""

import itertools
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from golden.engine import (
    MIXABLE_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    Descriptor,
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    Norm,
    Operation,
    row_bytes,
    run_job,
)
from hw.block.binary32 import binary32_layout
from hw.gemm.reorder.reorder_job import reorder_job_layout
from verif.coverage import Coverage
from verif.handshake import Source, until
from verif.hw.gemm.fragment_memory import FragmentMemory, payload_of
from verif.hw.gemm.reorder_jobs import MINUS_INFINITY, SPECIAL
from verif.runner import bench_parameters

P = bench_parameters()
FUNCTIONS = P["function_lanes"] > 0
STALLS = ["none", "uniform"]
FORMATS = RESULT_FORMATS if FUNCTIONS else QUANTIZED_FORMATS
MADE = ["as it is", "divide", "layer", "rms", "exponential"] if FUNCTIONS else ["as it is"]
CASES = list(itertools.product(FORMATS, REORDER_FORMATS, (0, 1), MADE))
COVERAGE = Coverage(
    "reorder-path",
    format=[f.name for f in FORMATS],
    source=["BINARY32", "BFLOAT16"],
    permute=[0, 1],
    made=MADE,
    stalls=STALLS,
)
RANGE_COVERAGE = Coverage(
    "reorder-range",
    made=[made for made in MADE if made != "as it is"],
    out_of_range=[False, True],
)
NORM_COVERAGE = Coverage(
    "reorder-norms",
    norm=["layer", "rms"] if FUNCTIONS else [],
    vectors=["none", "shift", "scale", "both"],
    permute=[0, 1],
    stalls=STALLS,
)
PARAMETERS = EngineParameters(
    reorder_columns=P["columns"], address_bits=P["address_bits"], function_lanes=P["function_lanes"]
)


def random_descriptor(rng: random.Random, memory: FragmentMemory, case: tuple | None = None) -> Descriptor:
    """A job on random floats, which are put into memory; of a kind of ``CASES``, or of any."""
    target, source, permute, made = case or rng.choice(CASES)
    m, n = rng.randint(1, 6), rng.choice((1, 16, rng.randint(1, P["columns"]), P["columns"]))
    leading = rng.randint(0, -(-n // 16)) if target in MIXABLE_FORMATS else 0
    divide = int(made == "divide")
    norm = Norm[made.upper()] if made in ("layer", "rms", "exponential") else Norm.NONE
    modulated = norm in (Norm.LAYER, Norm.RMS)
    length = n + divide
    size = row_bytes(source, length)
    pitch = size + source.alignment * rng.choice((0, 0, 3))
    address = source.alignment * rng.randint(0, 500)
    numbers = np.random.default_rng(rng.getrandbits(64))
    for row in range(m):
        scale = 2.0 ** (
            rng.choice((0, 6, 12)) if norm == Norm.EXPONENTIAL else numbers.integers(-60, 60, length)
        )
        values = (numbers.standard_normal(length) * scale).astype(np.float32).view(np.uint32)
        if divide and rng.random() < 0.8:
            values[-1] &= 0x7FFFFFFF  # as sums of exponentials are
        if norm == Norm.EXPONENTIAL and rng.random() < 0.5:
            values[numbers.random(length) < 0.4] = MINUS_INFINITY
        if rng.random() < 0.2:
            values[rng.randrange(length)] = rng.choice(SPECIAL)
        bytes_ = (
            values.view(np.uint8)
            if source == MemoryFormat.BINARY32
            else (values >> 16).astype("<u2").view(np.uint8)
        )
        memory.data[address + row * pitch : address + row * pitch + size] = bytes_
    order = numbers.permutation(n).astype("<u2")
    order_address = 0x4000 + 2 * rng.randint(0, 200)
    if permute:
        memory.data[order_address : order_address + 2 * n] = order.view(np.uint8)
    bias, gate = (rng.randint(0, 1) if modulated else 0 for _ in range(2))
    vectors = numbers.standard_normal(n * (bias + gate)).astype(np.float32)
    vectors[numbers.random(vectors.size) < 0.1] = rng.choice((np.nan, np.inf, 1e-40, -0.0))
    vectors_address = 0x7000 + 4 * rng.randint(0, 200) if bias or gate else 0
    memory.data[vectors_address : vectors_address + 4 * vectors.size] = vectors.view(np.uint8)
    epsilon = np.float32(rng.choice((0.0, 1e-6, 1.0, 1e-42, 3e38)) if modulated else 0.0)
    memory.expected = memory.data.copy()
    return Descriptor(
        operation=Operation.REORDER, permute=permute, divide=divide, norm=norm, m=m, n=n, a_format=source,
        d_format=target, d_mx9_blocks=leading, a_address=address, a_pitch=pitch,
        b_address=order_address if permute else 0,
        bias=bias, gate=gate, bias_address=vectors_address, epsilon=int(epsilon.view(np.uint32)),
        d_address=0x5000 + target.alignment * rng.randint(0, 200),
        d_pitch=row_bytes(target, n, leading) + target.alignment * rng.choice((0, 0, 7)),
    )  # fmt: skip


def payload(d: Descriptor) -> int:
    layout = reorder_job_layout(
        columns=P["columns"],
        rows_bits=P["rows_bits"],
        address_bits=P["address_bits"],
        functions=FUNCTIONS,
    )
    of_norms = {
        "norm": d.norm != Norm.NONE, "mean": d.norm == Norm.LAYER, "exponential": d.norm == Norm.EXPONENTIAL,
        "shift": d.bias, "scale": d.gate,
        "epsilon": binary32_layout().from_bits(d.epsilon), "vectors": d.bias_address,
    }  # fmt: skip
    return payload_of(
        layout, rows=d.m, columns=d.n, narrow=d.a_format == MemoryFormat.BFLOAT16, permute=d.permute,
        divide=d.divide, permutation=d.b_address, source=d.a_address, source_pitch=d.a_pitch,
        target=d.d_address,
        target_pitch=d.d_pitch, format=int(d.d_format), mx9_blocks=d.d_mx9_blocks,
        **(of_norms if FUNCTIONS else {}),
    )  # fmt: skip


async def begin(dut, stalls):
    rng = random.Random(random.getrandbits(64))
    memory = FragmentMemory(dut, rng, P["address_bits"], P["data_bits"], latency=rng.choice((1, 20)))
    jobs = Source(dut, "job", stall=stalls, rng=rng)
    await memory.start(jobs, stall=stalls)
    return rng, memory, jobs


async def _watch(dut, seen: list[int]):
    """Note in which cycles something was out of range."""
    cycle = 0
    while True:
        await ClockCycles(dut.clk, 1)
        cycle += 1
        if dut.out_of_range.value:
            seen.append(cycle)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def jobs(dut, stalls):
    rng, memory, sender = await begin(dut, stalls)
    outputs, seen = 0, []
    if FUNCTIONS:
        cocotb.start_soon(_watch(dut, seen))
    cases = [case for _ in range(-(-P["jobs"] // len(CASES))) for case in rng.sample(CASES, len(CASES))]
    for number, case in enumerate(cases):
        d = random_descriptor(rng, memory, case)
        expected = run_job(memory.expected, d, PARAMETERS)
        assert expected.code == ErrorCode.NONE
        seen.clear()
        sender.send([payload(d)])
        await until(dut, lambda: sender.idle and dut.idle.value)
        await ClockCycles(dut.clk, 3)
        memory.compare(f"job {number}, {d}")
        assert bool(seen) == expected.out_of_range, f"job {number}, {d}"
        outputs += d.m * d.n
        source = MemoryFormat(d.a_format).name
        made = MemoryFormat(d.d_format).name
        norm = Norm(d.norm).name.lower()
        kind = norm if d.norm else "divide" if d.divide else "as it is"
        COVERAGE.hit(format=made, source=source, permute=d.permute, made=kind, stalls=stalls)
        if kind != "as it is":
            RANGE_COVERAGE.hit(made=kind, out_of_range=expected.out_of_range)
        if d.norm in (Norm.LAYER, Norm.RMS):
            vectors = ("none", "shift", "scale", "both")[d.bias + 2 * d.gate]
            NORM_COVERAGE.hit(norm=norm, vectors=vectors, permute=d.permute, stalls=stalls)
            NORM_COVERAGE.compared(d.m * d.n)
    COVERAGE.compared(outputs)
    COVERAGE.write(Path.cwd())
    if FUNCTIONS:
        NORM_COVERAGE.write(Path.cwd())
        RANGE_COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def bad_permutation(dut):
    """Nothing is written, and the fault stays until a reset."""
    rng, memory, sender = await begin(dut, "none")
    d = random_descriptor(rng, memory)
    while not d.permute:
        d = random_descriptor(rng, memory)
    at = d.b_address + 2 * rng.randrange(d.n)
    memory.data[at : at + 2] = np.array([d.n], "<u2").view(np.uint8)
    before = memory.data.copy()
    sender.send([payload(d)])
    await until(dut, lambda: dut.fault.value)
    await ClockCycles(dut.clk, 200)
    assert dut.fault.value
    assert not dut.idle.value
    assert not sender.idle, "a job with a bad permutation was taken"
    assert np.array_equal(memory.data, before)
