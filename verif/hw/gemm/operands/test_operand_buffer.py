"""Passes out of an operand buffer, cycle by cycle, against golden's passes of the rows that went in."""

import numpy as np
import pytest
from amaranth.hdl import Module, Value

from golden import split_passes
from golden.engine import EngineParameters
from golden.formats import MX9, RESERVED_CODE, SUBBLOCKS
from golden.passes import reference_exponents
from hw.array.aligned_accumulator import distance_bits
from hw.array.pass_memory import PassMemory
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands import operand_buffer
from hw.gemm.operands.operand_buffer import OperandBuffer
from hw.gemm.operands.unpacker import Unpacker
from verif.hw.gemm.operands.stored_rows import drive_beats, random_tiles, tile_beats
from verif.simulation import simulate

ROWS, COLS, ARRAYS, K_BLOCKS, FRACTION_BITS, DISTANCE_DELAY = 3, 4, 2, 6, 17, 12
CASES = ("ordinary", "nan", "lowest", "spread")


@pytest.fixture(autouse=True)
def memories_of_their_own(monkeypatch):
    """Amaranth's simulator has no Verilog modules: each is a submodule of its own."""

    def place(m, name, prototype, *, module):
        memory = PassMemory(activations=prototype.activations, depth=prototype.depth)
        m.submodules[name] = memory
        return memory

    monkeypatch.setattr(operand_buffer, "place", place)


@pytest.mark.slow
@pytest.mark.parametrize("side", OperandSide)
@pytest.mark.parametrize("data_bits", [64, 128, 512])
def test_passes_leave_skewed(data_bits, side):
    rng = np.random.default_rng(data_bits + side.value)
    geometry = Geometry(
        EngineParameters(
            rows=ROWS,
            cols=COLS,
            arrays=ARRAYS,
            drain_rows=1,
            k_blocks=K_BLOCKS,
            fraction_bits=FRACTION_BITS,
            stationary_tiles=len(CASES),
            data_bits=data_bits,
        )
    )
    lanes, array_rows = geometry.lanes[side.value], (ROWS, COLS)[side.value]
    buffer = OperandBuffer(geometry=geometry, side=side, tiles=2 * len(CASES), distance_delay=DISTANCE_DELAY)
    m = Module()
    m.submodules.unpacker = unpacker = Unpacker(geometry=geometry)
    m.submodules.buffer = buffer
    m.d.comb += [buffer.write.eq(unpacker.write), buffer.row.eq(unpacker.row)]

    # Every other tile lacks its last row.
    tiles = [
        tile
        for n, case in enumerate(CASES)
        for tile in random_tiles(rng, rows=lanes - n % 2, k_blocks=K_BLOCKS, case=case)
    ]
    beats = [
        beat
        for slot, tile in enumerate(tiles)
        for beat in tile_beats(
            rng,
            tile,
            slot=slot,
            k_blocks=K_BLOCKS,
            beat_bytes=geometry.beat_bytes,
            side=side.value,
        )
    ]
    # In any order, and again; passes that add zero between them.
    order = [int(n) for n in rng.permutation(np.arange(2 * len(tiles)) % len(tiles))]
    issued = [(tile, n) for tile in order for n in (*range(len(split_passes(tiles[tile]).blocks)), None)]
    latency = OperandBuffer.latency_of(geometry)
    seen = []

    async def drive(ctx):
        await drive_beats(ctx, unpacker.beat, beats, rng=rng, stall=0.0)
        port = buffer.issued
        for tile, n in [*issued, *[(order[-1], None)] * (latency + DISTANCE_DELAY + 20)]:
            give(ctx, port, tiles, tile, n)
            seen.append(
                [
                    (
                        [ctx.get(Value.cast(part)) for part in buffer.operand[lane]],
                        ctx.get(buffer.distance[lane]),
                    )
                    for lane in range(lanes)
                ]
            )
            await ctx.tick()
        # Each tile's reference is there until it is taken.
        for tile in order:
            for lane in range(lanes):
                if lane == len(split_passes(tiles[tile]).nan):
                    assert ctx.get(buffer.reference[lane].as_value()) == 0
                    ctx.set(buffer.taken[lane], 1)
                    continue
                nan = split_passes(tiles[tile]).nan[lane].any()
                assert ctx.get(buffer.reference[lane].nan) == nan
                if not nan:
                    expected = int(reference_exponents(tiles[tile])[lane]) % 256
                    assert ctx.get(buffer.reference[lane].exponent) == expected
                ctx.set(buffer.taken[lane], 1)
            await ctx.tick()

    simulate(m, drive)
    checked = 0
    for cycle, (tile, n) in enumerate(issued):
        passes = split_passes(tiles[tile])
        for lane in range(lanes):
            turn = cycle + latency + lane % array_rows
            found = [seen[turn + j][lane][0][j] for j in range(SUBBLOCKS)]
            if lane == len(passes.nan):
                assert found == [0] * SUBBLOCKS
                assert seen[turn + DISTANCE_DELAY][lane][1] == 0
                continue
            if n is None:
                assert all(magnitudes(side, part) == [0, 0] for part in found)
                continue
            if passes.nan[lane].any():
                continue  # what it multiplies is of no account
            assert found == expected_operand(side, passes, lane, n), (cycle, lane)
            distance = int(reference_exponents(tiles[tile])[lane]) - int(passes.exponents[lane, n])
            saturated = min(distance, (1 << distance_bits(FRACTION_BITS)) - 1)
            assert seen[turn + DISTANCE_DELAY][lane][1] == saturated, (cycle, lane)
            checked += 1
    assert checked


def give(ctx, port, tiles, tile, n):
    """Issue pass ``n`` of a tile, or one that adds zero."""
    passes = split_passes(tiles[tile])
    block = 0 if n is None else int(passes.blocks[n])
    second = n is not None and n > 0 and passes.blocks[n - 1] == block
    fmt = next(part.fmt for part, end in _ends(tiles[tile]) if block < end)
    ctx.set(port.part.address, tile * K_BLOCKS + block)
    ctx.set(Value.cast(port.part.format), RESERVED_CODE if n is None else code_of(fmt))
    ctx.set(port.part.rest, bool(n is None or second))
    ctx.set(port.first, n == 0)
    ctx.set(port.slot, tile)
    ctx.set(port.lanes, len(passes.nan))
    ctx.set(port.arrays, (1 << ARRAYS) - 1)


def _ends(tile):
    """Parts of a tensor, and the k-block behind each."""
    end = 0
    for part in tile.parts:
        end += -(-part.k // 16)
        yield part, end


def code_of(fmt):
    """A format's code in the array: the halves of MXINT8 are of MX9."""
    return getattr(fmt, "code", MX9.code) if fmt.name != "MXINT8" else MX9.code


def magnitudes(side, part):
    """The two magnitudes of a sub-block."""
    bits = 5 if side == OperandSide.A else 4
    return [part >> 2 + bits * n & (1 << bits) - 1 for n in range(2)]


def expected_operand(side, passes, lane, n):
    """The sub-blocks of pass ``n``: signs, magnitudes, and the microexponent, applied or not."""
    bits = 5 if side == OperandSide.A else 4
    micro = int(passes.microexponents[lane, n])
    parts = []
    for j in range(SUBBLOCKS):
        t = micro >> j & 1
        part = 0
        for i in range(2):
            magnitude = int(passes.magnitudes[lane, n, 2 * j + i])
            if side == OperandSide.A:
                magnitude <<= 1 - t
            part |= int(passes.negative[lane, n, 2 * j + i]) << i | magnitude << 2 + bits * i
        parts.append(part if side == OperandSide.A else part | t << 10)
    return parts
