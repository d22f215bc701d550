"""cocotb tests of the quantizer, dequantizer and converter; ``parameters["unit"]`` says which.

``parameters["words"]`` are the elements per beat that a quantizer takes, 16 by default.
"""

import itertools
import random
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge, Timer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st

from golden.formats import CODE_BITS
from hw.block.converter import Converter
from hw.block.dequantizer import Dequantizer
from hw.block.quantizer import Quantizer
from hw.stream.free_pipeline import FreePipeline
from verif.coverage import Coverage
from verif.handshake import Beat
from verif.hw.block import block_vectors as vectors
from verif.runner import bench_parameters
from verif.streams import StreamBench

UNITS = {
    "quantizer": (Quantizer, vectors.quantizer_cases, vectors.quantizer_sweep),
    "dequantizer": (Dequantizer, vectors.dequantizer_cases, vectors.dequantizer_sweep),
    "converter": (Converter, vectors.converter_cases, vectors.converter_sweep),
}

UNIT = bench_parameters()["unit"]
CORE, CASES, SWEEP = UNITS[UNIT]
ELEMENTS = 16
WORDS = bench_parameters().get("words", ELEMENTS)
PARTS = ELEMENTS // WORDS
"""Beats of the source that make one of the sink."""
UNIT_UNDER_TEST = CORE(words=WORDS) if UNIT == "quantizer" else CORE()

PATTERNS = {
    "none": ("none", "none"),
    "random": ("uniform", "uniform"),
    "bursty_source": ("bursts", "none"),
    "bursty_sink": ("none", "bursts"),
    "slow_source": ("sparse", "uniform"),
    "slow_sink": ("uniform", "sparse"),
}
"""Stall patterns of the source and the sink."""

NAMES = list(vectors.FLOAT_CASES if UNIT == "quantizer" else vectors.CODE_CASES)
FORMATS = list(vectors.CODES.values())
if UNIT == "converter":
    FORMATS = [f"{a}_to_{b}" for a, b in itertools.product(FORMATS, FORMATS)]

COVERAGE = Coverage(UNIT, format=FORMATS, case=NAMES, stalls=list(PATTERNS))


def format_name(user: int) -> str:
    codes = [vectors.CODES[code] for code in (user % (1 << CODE_BITS), user >> CODE_BITS)]
    return "_to_".join(codes) if UNIT == "converter" else codes[0]


def beats_of(data: int, user: int, last: bool) -> tuple[list[Beat], Beat]:
    """Beats and what the unit must make of them: user and last of all but the last one are anything."""
    parts = (
        [data >> (32 * WORDS * n) & ((1 << 32 * WORDS) - 1) for n in range(PARTS)] if PARTS > 1 else [data]
    )
    sent = [Beat(part, random.randrange(4), random.random() < 0.5) for part in parts[:-1]]
    return [*sent, Beat(parts[-1], user, last)], Beat(*CORE.compute(data, user), last)


def drive(bench: StreamBench, cases) -> int:
    """Send cases and expect their results; returns how many there are."""
    count = 0
    for name, data, user in cases:
        sent, expected = beats_of(data, user, random.random() < 0.2)
        bench.send(sent)
        bench.expect([expected], note=f"case {name}, {format_name(user)}, input {data:#x}")
        count += 1
    return count


async def start(dut, pattern: str = "none") -> StreamBench:
    source, sink = PATTERNS[pattern]
    return await StreamBench.start(
        dut, stalls={"s_axis": source, "m_axis": sink}, outputs_per_beat=ELEMENTS, timeout=500
    )


def record(bench: StreamBench) -> None:
    """Add what was compared to the session's summary."""
    COVERAGE.compared(bench.compared)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(pattern=list(PATTERNS))
async def every_case(dut, pattern):
    """Every directed case in every format, in random order, so that the format changes with each beat."""
    bench = await start(dut, pattern)
    cases = [case for _ in range(bench_parameters()["rounds"]) for case in CASES(random)]
    random.shuffle(cases)
    drive(bench, cases)
    await bench.finish()
    for name, _, user in cases:
        COVERAGE.hit(format=format_name(user), case=name, stalls=pattern)
    record(bench)
    if pattern == list(PATTERNS)[-1]:
        COVERAGE.require_full()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def every_code(dut):
    """The exhaustive part."""
    bench = await start(dut)
    cases = list(SWEEP(random))
    random.shuffle(cases)
    drive(bench, cases)
    await bench.finish()
    record(bench)


def drawn(strategy, count: int) -> list:
    """``count`` examples that hypothesis draws from ``strategy``."""
    examples = []

    @hypothesis_seed(random.getrandbits(32))
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example):
        examples.append(example)

    collect()
    return examples


def float_bits():
    """Floats that hypothesis likes, and floats of close exponents."""
    near = st.builds(
        lambda sign, exponent, fraction: sign << 31 | exponent << 23 | fraction,
        st.integers(0, 1),
        st.integers(118, 129),
        st.one_of(st.integers(0, (1 << 23) - 1), st.sampled_from([0, 1 << 22, (1 << 23) - 1])),
    )
    return st.one_of(near, st.integers(0, (1 << 32) - 1))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def drawn_by_hypothesis(dut):
    bench = await start(dut, "random")
    user = st.integers(0, 15 if UNIT == "converter" else 3)
    if UNIT == "quantizer":
        data = st.lists(float_bits(), min_size=ELEMENTS, max_size=ELEMENTS).map(
            lambda values: sum(value << (32 * k) for k, value in enumerate(values))
        )
    else:
        data = st.integers(0, (1 << 144) - 1)
    examples = drawn(st.tuples(data, user), bench_parameters()["examples"])
    drive(bench, [("hypothesis", *example) for example in examples])
    await bench.finish()
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets_what_is_inside(dut):
    bench = await start(dut, "random")
    cases = list(CASES(random))
    for _ in range(12):
        random.shuffle(cases)
        drive(bench, cases[:50])
        await bench.wait(random.randint(1, 60))
        await bench.reset()
    drive(bench, cases[:50])
    await bench.finish()
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_takes_one_cycle(dut):
    """A reset of one cycle empties a full unit, which accepts a beat in the cycle after."""
    bench = await start(dut)
    sink = bench.sinks["m_axis"]
    for _ in range(5):
        sink.hold = True
        drive(bench, list(CASES(random))[:50])
        await bench.wait(50)
        await bench.reset(cycles=1)
        cases = list(CASES(random))
        random.shuffle(cases)
        drive(bench, cases[:20])
        await Timer(1, "ns")
        sink.clear()  # what it saw at the edge of the reset
        sink.hold = False
        await bench.finish()
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency_is_as_stated(dut):
    bench = await start(dut)
    (case, *_) = CASES(random)
    for _ in range(3):
        drive(bench, [case])
        source, board = bench.sources["s_axis"], bench.scoreboards["m_axis"]
        before = source.accepted
        await bench.wait_until(lambda source=source, before=before: source.accepted == before + PARTS)
        accepted = bench.cycles
        await bench.wait_until(lambda board=board: not board.pending)
        assert bench.cycles - accepted == UNIT_UNDER_TEST.latency
        await bench.wait(random.randint(1, 20))
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_beat_per_cycle(dut):
    bench = await start(dut)
    cases = list(CASES(random))
    count = drive(bench, cases)
    source, board = bench.sources["s_axis"], bench.scoreboards["m_axis"]
    before = source.accepted
    await bench.wait_until(lambda: source.accepted > before)
    first = bench.cycles
    await bench.wait_until(lambda: not board.pending)
    assert bench.cycles - first == UNIT_UNDER_TEST.latency + count * PARTS - 1
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pattern=["none", "random", "slow_source"])
async def stall_fills_stages(dut, pattern):
    """While the sink stalls, the unit accepts as many blocks as its pipeline states."""
    bench = await start(dut, pattern)
    source, sink = bench.sources["s_axis"], bench.sinks["m_axis"]
    least, most = FreePipeline.capacity_of(UNIT_UNDER_TEST.stages)
    for _ in range(3):
        before = source.accepted
        sink.hold = True
        count = drive(bench, list(CASES(random))[: most + 20])
        await bench.wait(20 * count * PARTS)
        assert least * PARTS <= source.accepted - before <= most * PARTS
        assert dut.m_axis_tvalid.value == 1
        sink.hold = False
        await bench.finish()
        assert source.accepted - before == count * PARTS
        record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_gap_after_a_stall(dut):
    bench = await start(dut)
    sink, board = bench.sinks["m_axis"], bench.scoreboards["m_axis"]
    for _ in range(10):
        sink.hold = True
        count = drive(bench, list(CASES(random))[:100])
        await bench.wait(random.randint(1, 200))
        sink.hold = False
        await bench.wait_until(lambda count=count: board.pending < count)
        first = bench.cycles
        await bench.wait_until(lambda: not board.pending)
        assert bench.cycles - first <= (count - 1) * PARTS
    record(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def outputs_are_registers(dut):
    """Within a cycle, no output follows an input."""
    bench = await start(dut, "random")
    drive(bench, CASES(random))
    outputs = [dut.m_axis_tvalid, dut.m_axis_tdata, dut.m_axis_tuser, dut.m_axis_tlast, dut.s_axis_tready]
    for _ in range(100):
        await RisingEdge(dut.clk)
        await Timer(2, "ns")
        for inputs in ([dut.m_axis_tready], [dut.s_axis_tvalid, dut.s_axis_tdata, dut.s_axis_tuser]):
            before = [port.value for port in outputs]
            driven = [int(port.value) for port in inputs]
            for port, value in zip(inputs, driven, strict=True):
                port.value = ~value % (1 << len(port))
            await Timer(1, "ns")
            assert [port.value for port in outputs] == before
            for port, value in zip(inputs, driven, strict=True):
                port.value = value
            await Timer(1, "ns")
    await bench.finish()
    record(bench)
