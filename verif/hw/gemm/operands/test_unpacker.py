"""Rows of blocks in memory to an operand buffer, against golden's blocks."""

import numpy as np
import pytest
from amaranth.hdl import Module, Value

from golden import format_codes, slots
from golden.engine import EngineParameters, describe, to_rows
from golden.formats import STREAM_FORMATS
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.operand_buffer import OperandBuffer
from hw.gemm.operands.unpacker import Unpacker
from verif.hw.block.aligned import aligned_fields, expected_fields
from verif.hw.gemm.random_jobs import random_operand
from verif.simulation import simulate

ROWS, K_BLOCKS, TILES = 5, 16, 4


def row_beats(rng, row: bytes, offset: int, beat_bytes: int) -> list[int]:
    """A row from byte ``offset`` of its first beat on, between bytes of others."""
    junk = rng.bytes(2 * beat_bytes)
    size = -(-(offset + len(row)) // beat_bytes) * beat_bytes
    memory = junk[:offset] + row + junk[: size - offset - len(row)]
    return [int.from_bytes(memory[n : n + beat_bytes], "little") for n in range(0, len(memory), beat_bytes)]


@pytest.mark.slow
@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize("data_bits", [64, 128, 256, 512])
def test_every_block_reaches_its_place(data_bits, stall):
    rng = np.random.default_rng(data_bits)
    geometry = Geometry(
        EngineParameters(
            rows=ROWS, drain_rows=1, k_blocks=K_BLOCKS, stationary_tiles=TILES, data_bits=data_bits
        )
    )
    m = Module()
    m.submodules.unpacker = unpacker = Unpacker(geometry=geometry)
    m.submodules.buffer = buffer = OperandBuffer(geometry=geometry, side=OperandSide.A)
    m.d.comb += [buffer.write.eq(unpacker.write), buffer.advance.eq(1)]

    beats, expected = [], {}
    for tile in range(TILES):
        blocks = int(rng.integers(1, K_BLOCKS, endpoint=True))
        t = random_operand(rng, ROWS, 16 * blocks, "ordinary")
        fmt, leading = describe(t)
        rows, packed, codes = to_rows(t), slots(t), format_codes(t)
        for lane in range(ROWS):
            for k in range(blocks):
                block = int.from_bytes(packed[lane, k].tobytes(), "little")
                expected[tile * K_BLOCKS + k, lane] = STREAM_FORMATS[codes[k]], block
            offset = int(rng.integers(geometry.beat_bytes))
            row = rows[lane].tobytes()
            data = row_beats(rng, row, offset, geometry.beat_bytes)
            tag = {
                "offset": offset,
                "leading": leading,
                "blocks": blocks,
                "format": int(fmt),
                "operand": 0,
                "lane": lane,
                "address": tile * K_BLOCKS,
                "last": int(lane == ROWS - 1),
            }
            beats += [(beat, n == 0, n == len(data) - 1, tag) for n, beat in enumerate(data)]

    async def drive(ctx):
        done = 0
        for beat, first, last, tag in [*beats, *[(None, 0, 0, {})] * 20]:
            while beat is not None and rng.random() < stall:
                ctx.set(unpacker.beat.valid, 0)
                await ctx.tick()
                done += ctx.get(unpacker.write.last)
            ctx.set(unpacker.beat.valid, beat is not None)
            ctx.set(unpacker.beat.p.data, beat or 0)
            ctx.set(unpacker.beat.p.first, first)
            ctx.set(unpacker.beat.p.last, last)
            for name, value in tag.items():
                # Only a row's first beat has its tag.
                ctx.set(Value.cast(getattr(unpacker.beat.p.tag, name)), value if first else 0)
            await ctx.tick()
            done += ctx.get(unpacker.write.last)
        assert done == TILES
        ctx.set(buffer.read_lanes, ROWS)
        for (address, lane), (fmt, block) in expected.items():
            ctx.set(buffer.read_address, address)
            await ctx.tick().repeat(2)
            found = aligned_fields(fmt, ctx.get(buffer.blocks[lane]))
            assert found == expected_fields(fmt, block), (address, lane)

    simulate(m, drive)
