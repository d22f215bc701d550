"""cocotb tests of the result path: random jobs on random results, against golden's rules."""

import functools
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from golden import add_binary32
from golden.engine import MIXABLE_FORMATS, RESULT_FORMATS, Function, MemoryFormat, encode, row_bytes
from golden.formats import BLOCK_SIZE
from golden.functions import multiply17
from golden.functions.exp2 import exp2_in_range
from golden.rounding import flush
from hw.gemm.jobs.job import result_job_layout
from hw.gemm.results.result_dispatch import tile_command_layout
from verif.coverage import Coverage
from verif.handshake import Source, until
from verif.hw.gemm.fragment_memory import FragmentMemory, payload_of
from verif.hw.gemm.results import float_vectors
from verif.runner import bench_parameters

P = bench_parameters()["path"]
ROWS, COLS, DRAIN_ROWS = P["rows"], P["cols"], P["drain_rows"]
ADDRESS_BITS, DATA_BITS = P["address_bits"], P["data_bits"]
D_FORMATS = RESULT_FORMATS
STALLS = ["none", "uniform", "bursts"]
COVERAGE = Coverage(
    "result-path",
    format=[f.name for f in D_FORMATS],
    stalls=STALLS,
    chunks=["one", "several"],
)
FUNCTIONS = list(Function) if P["function_lanes"] else [Function.NONE]
MADE = Coverage("result-path-functions", function=[f.name for f in FUNCTIONS])
RANGE = Coverage("result-path-range", out_of_range=[False, True] if P["function_lanes"] else [])
ADDENDS = Coverage("result-path-addends", addends=["none", "bias", "old", "both"])
FACTORS = Coverage(
    "result-path-factors",
    scale=[False, True] if P["function_lanes"] else [False],
    gate=["none", "row", "column"] if P["function_lanes"] else ["none"],
)


def random_floats(rng: random.Random, shape) -> np.ndarray:
    """Results as arrays make them: no subnormals, NaN canonical, now and then something special."""
    values = np.array([rng.gauss(0, 1) * 2.0 ** rng.randint(-8, 8) for _ in range(int(np.prod(shape)))])
    values = values.astype(np.float32)
    for n in range(values.size):
        if rng.random() < 0.02:
            values[n] = rng.choice((0.0, -0.0, np.inf, -np.inf, 3e38, 1.2e-38))
        elif rng.random() < 0.004:
            values.view(np.uint32)[n] = 0x7FC00000
    return values.reshape(shape)


def any_floats(rng: random.Random, shape) -> np.ndarray:
    """What memory may hold: subnormals and any NaN too."""
    values = random_floats(rng, shape)
    flat = values.reshape(-1).view(np.uint32)
    for n in range(flat.size):
        if rng.random() < 0.02:
            flat[n] = rng.choice(float_vectors.special_pairs())[0]
    return values


class Job:
    """A random job: its expected D is in ``memory.expected``, its commands and results are sent."""

    def __init__(self, rng, memory, number):
        self.rng = rng
        self.m = rng.randint(1, 2 * ROWS + 1)
        self.n = rng.randint(1, 50)
        # Each format with one chunk, then each with several.
        turn, place = divmod(number, len(D_FORMATS))
        self.chunks = rng.choice((2, 3)) if turn % 2 else 1
        self.format = D_FORMATS[place]
        self.bias = rng.random() < 0.4
        functions = P["function_lanes"] > 0
        self.scale, self.gate = (functions and rng.random() < 0.5 for _ in range(2))
        self.gate_by_row = self.gate and rng.random() < 0.5
        self.accumulate = self.format == MemoryFormat.BINARY32 and rng.random() < 0.5
        self.function = FUNCTIONS[number % len(FUNCTIONS)] if rng.random() < 0.7 else Function.NONE
        blocks = -(-self.n // 16)
        mixable = self.format in MIXABLE_FORMATS
        self.mx9_blocks = rng.randint(0, blocks) if mixable else 0
        size = row_bytes(self.format, self.n, self.mx9_blocks)
        align = self.format.alignment
        self.pitch = -(-size // align) * align + align * rng.choice((0, 0, 1, 5))
        self.address = align * rng.randint(0, 2000)
        self.bias_address = 0x6000 + 4 * rng.randint(0, 100)
        # Powers of two in range, or all but one, or any.
        kind = rng.choice(("all", "all but one", "any")) if self.function == Function.EXP2 else "any"
        self.small = kind != "any"
        self.results = [self._some(random_floats, (self.m, self.n)) for _ in range(self.chunks)]
        if kind == "all but one":
            for result in self.results:
                result[-1, min(BLOCK_SIZE, self.n) - 1] = 1e6  # of a tile wider than the last one
        self._expect(memory, size)

    def _some(self, floats, shape) -> np.ndarray:
        """Random ones, none of them large, nor NaN, where powers of two are to be in range."""
        values = floats(self.rng, shape)
        return np.where(values < 30, values, np.float32(30)) if self.small else values

    def _expect(self, memory, size) -> None:
        scale, bias = any_floats(self.rng, self.n), self._some(any_floats, self.n)
        gate = any_floats(self.rng, self.m if self.gate_by_row else self.n)
        old = any_floats(self.rng, (self.m, self.n))
        starts = [self.address + r * self.pitch for r in range(self.m)]
        rows = [slice(start, start + size) for start in starts]
        if self.accumulate:
            for row, values in zip(rows, old, strict=True):
                memory.data[row] = values.view(np.uint8)
        used = ((scale, self.scale), (bias, self.bias), (gate, self.gate))
        vectors = np.concatenate([values[: values.size * there] for values, there in used])
        memory.data[self.bias_address : self.bias_address + 4 * vectors.size] = vectors.view(np.uint8)
        total = self.results[0]
        for result in self.results[1:]:
            total = add_binary32(total, result)
        if self.scale:
            total = multiply17(total, scale)
        if self.bias:
            total = add_binary32(total, flush(bias))
        self.out_of_range = self.function == Function.EXP2 and not exp2_in_range(total).all()
        total = self.function(total)
        if self.gate:
            total = multiply17(total, gate[:, None] if self.gate_by_row else gate)
        if self.accumulate:
            total = add_binary32(total, flush(old))
        memory.expected = memory.data.copy()
        for row, values in zip(rows, encode(total, self.format, self.mx9_blocks), strict=True):
            memory.expected[row] = values

    def settings(self) -> int:
        functions = P["function_lanes"] > 0
        of_functions = {
            "scale": self.scale,
            "gate": self.gate,
            "gate_by_row": self.gate_by_row,
            "vector_pitch": 4 * self.n,
            "function": int(self.function),
        }
        return payload_of(
            result_job_layout(ADDRESS_BITS, functions),
            format=int(self.format),
            mx9_blocks=self.mx9_blocks,
            pitch=self.pitch,
            bias=self.bias,
            accumulate=self.accumulate,
            bias_address=self.bias_address,
            **(of_functions if functions else {}),
        )

    def send(self, commands: Source, results: Source) -> None:
        tiles = [(r, c) for r in range(0, self.m, ROWS) for c in range(0, self.n, 16)]
        functions = P["function_lanes"] > 0
        layout = tile_command_layout(
            rows=ROWS, slots=P["slots"], address_bits=ADDRESS_BITS, functions=functions
        )
        ends = [
            one[0] != next_[0] or self.rng.random() < 0.3
            for one, next_ in zip(tiles, [*tiles[1:], (None, None)], strict=True)
        ]
        runs = dict(zip(tiles, zip([True, *ends[:-1]], ends, strict=True), strict=True))
        while tiles:
            group, tiles = tiles[: P["slots"]], tiles[P["slots"] :]
            for chunk in range(self.chunks):
                for slot, (r, c) in enumerate(group):
                    columns = min(16, self.n - c)
                    commands.send(
                        [
                            payload_of(
                                layout,
                                row_address=self.address + r * self.pitch,
                                column_block=c // 16,
                                rows=min(ROWS, self.m - r),
                                columns=columns,
                                first=chunk == 0,
                                last=chunk == self.chunks - 1,
                                slot=slot,
                                begins=runs[r, c][0],
                                ends=runs[r, c][1],
                                **({"row": r} if functions else {}),
                            )
                        ]
                    )
                    for left in range(0, columns, COLS):
                        results.send(self._beats(self.results[chunk], r, c + left))

    def _beats(self, result, r, c):
        tile = np.array([self.rng.getrandbits(32) for _ in range(ROWS * COLS)], np.uint32).reshape(ROWS, COLS)
        part = result[r : r + ROWS, c : c + COLS]
        tile[: part.shape[0], : part.shape[1]] = part.view(np.uint32)
        words = tile.reshape(-1, DRAIN_ROWS, COLS).transpose(1, 0, 2).reshape(DRAIN_ROWS, -1)
        for i, beat in enumerate(words):
            value = sum(int(word) << 32 * k for k, word in enumerate(beat))
            last = i == DRAIN_ROWS - 1
            yield value | last << (32 * len(beat) + 3)


async def _watch(dut, seen: list[bool]):
    """Note when something is out of range."""
    while True:
        await ClockCycles(dut.clk, 1)
        if dut.out_of_range.value:
            seen.append(True)


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def jobs(dut, stalls):
    rng = random.Random(random.getrandbits(64))
    memory = FragmentMemory(dut, rng, ADDRESS_BITS, DATA_BITS, latency=rng.choice((1, 20)))
    commands, results = (Source(dut, port, stall=stalls, rng=rng) for port in ("command", "d"))
    dut.turn.value = dut.writing.value = 1
    await memory.start(commands, results, stall=stalls)
    outputs, seen = 0, []
    if P["function_lanes"]:
        cocotb.start_soon(_watch(dut, seen))
    for number in range(bench_parameters()["jobs"]):
        job = Job(rng, memory, number)
        turn, before = number % 2, memory.data.copy()
        seen.clear()
        dut.turn.value = turn
        dut.job.value = job.settings()
        job.send(commands, results)
        facts = f"job {number}, { {k: v for k, v in vars(job).items() if k not in ('results', 'rng')} }"
        await ClockCycles(dut.clk, rng.randint(1, 300))
        assert (memory.data == before).all(), f"written before its turn: {facts}"
        dut.writing.value = turn
        await ClockCycles(dut.clk, 1)
        # From then on the job's settings do not matter.
        carried_out = functools.partial(_carried_out, dut, commands, results)
        await until(dut, carried_out, what=facts)
        dut.job.value = rng.getrandbits(len(dut.job))
        await until(dut, lambda: commands.idle and results.idle and dut.idle.value, what=facts)
        await ClockCycles(dut.clk, 3)
        memory.compare(facts)
        assert bool(seen) == job.out_of_range, facts
        if job.function == Function.EXP2:
            RANGE.hit(out_of_range=job.out_of_range)
        outputs += job.m * job.n
        addends = ("none", "bias", "old", "both")[job.bias + 2 * job.accumulate]
        COVERAGE.hit(format=job.format.name, stalls=stalls, chunks="several" if job.chunks > 1 else "one")
        ADDENDS.hit(addends=addends)
        gate = ("row", "column")[job.gate_by_row] if job.gate else "none"
        FACTORS.hit(scale=job.scale, gate=gate)
        MADE.hit(function=job.function.name)
    COVERAGE.compared(outputs)
    for coverage in (COVERAGE, ADDENDS, MADE, FACTORS, RANGE):
        coverage.write(Path.cwd())


def _carried_out(dut, commands: Source, results: Source) -> bool:
    return commands.idle and results.idle and bool(dut.carried_out.value)
