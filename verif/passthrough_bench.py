"""cocotb tests of ``verif.handshake`` and ``verif.streams`` themselves, on a register slice."""

import random
from pathlib import Path

import cocotb
import pytest

from verif.coverage import Coverage
from verif.handshake import STALLS, Beat
from verif.runner import bench_parameters
from verif.streams import StreamBench

COVERAGE = Coverage("passthrough", source=STALLS, sink=STALLS, last=(False, True))


def random_beats(count: int) -> list[Beat]:
    return [Beat(random.getrandbits(144), random.getrandbits(2), random.random() < 0.2) for _ in range(count)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(source=list(STALLS), sink=list(STALLS))
async def beats_pass(dut, source, sink):
    bench = await StreamBench.start(dut, stalls={"s_axis": source, "m_axis": sink}, timeout=500)
    beats = random_beats(100)
    bench.send(beats)
    bench.expect(beats)
    await bench.finish()
    for beat in beats:
        COVERAGE.hit(source=source, sink=sink, last=beat.last)
    COVERAGE.compared(bench.compared)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets(dut):
    bench = await StreamBench.start(dut, stalls="uniform", timeout=500)
    for _ in range(5):
        beats = random_beats(50)
        bench.send(beats)
        bench.expect(beats)
        await bench.wait(random.randint(1, 40))
        await bench.reset()
    bench.send(beats)
    bench.expect(beats)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_beat_per_cycle(dut):
    bench = await StreamBench.start(dut, timeout=500)
    beats = random_beats(bench_parameters()["beats"])
    bench.send(beats)
    bench.expect(beats)
    start = bench.cycles
    await bench.finish(quiet_cycles=0)
    assert bench.cycles - start <= len(beats) + 4


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def missing_beat_is_reported(dut):
    bench = await StreamBench.start(dut, timeout=50)
    bench.expect(random_beats(1))
    with pytest.raises(AssertionError, match="m_axis lacks 1 beats"):
        await bench.finish()
