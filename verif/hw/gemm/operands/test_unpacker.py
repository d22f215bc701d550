"""Rows of blocks in memory to writes of an operand buffer, against golden's blocks."""

import numpy as np
import pytest
from amaranth.hdl import Value

from golden import MXTensor, format_codes, slots, split_passes
from golden.engine import EngineParameters
from golden.formats import MX9, STREAM_FORMATS
from golden.passes import reference_exponents
from hw.gemm.geometry import Geometry
from hw.gemm.operands.unpacker import Unpacker
from verif.hw.array.operands import operands
from verif.hw.block.aligned import aligned_fields, expected_fields
from verif.hw.gemm.operands.stored_rows import drive_beats, random_tiles, tile_beats
from verif.simulation import simulate

ROWS, K_BLOCKS, TILES = 5, 16, 8

LOWEST = ((0, 0, 0), (1, 2, 6), (2, 1, 9), (ROWS - 1, 3, 15))
"""Row, block and element of the only element -2**m of a tile."""


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
    unpacker = Unpacker(geometry=geometry)
    cases = ("ordinary", "nan", "lowest", "spread")
    tiles = [tile for case in cases for tile in random_tiles(rng, rows=ROWS, k_blocks=K_BLOCKS, case=case)]
    tiles += [tile_with_one_lowest(rng, *place) for place in LOWEST]
    written, rows, ends = {}, {}, []

    async def drive(ctx):
        def watch():
            write, row = unpacker.write, unpacker.row
            for bank, entry in enumerate(write.banks):
                if ctx.get(entry.enable):
                    place = ctx.get(write.group) * geometry.banks + bank, ctx.get(entry.address)
                    written[place] = ctx.get(entry.block)
            if ctx.get(row.enable):
                reference = row.reference
                rows[ctx.get(row.slot), ctx.get(row.lane)] = (
                    ctx.get(reference.exponent),
                    ctx.get(reference.nan),
                )
            if ctx.get(row.last):
                assert ctx.get(Value.cast(row.operand)) == 0
                ends.append((ctx.get(row.slot), ctx.get(row.wide)))

        beats = [
            beat
            for slot, tile in enumerate(tiles)
            for beat in tile_beats(rng, tile, slot=slot, k_blocks=K_BLOCKS, beat_bytes=geometry.beat_bytes)
        ]
        await drive_beats(ctx, unpacker.beat, beats, rng=rng, stall=stall, each_cycle=watch)

    simulate(unpacker, drive)
    blocks = 0
    for slot, tile in enumerate(tiles):
        packed, codes = slots(tile), format_codes(tile)
        for lane in range(ROWS):
            group = lane // geometry.banks * geometry.banks
            for k, code in enumerate(codes):
                address = slot * K_BLOCKS + k
                found = written[group + (lane + address) % geometry.banks, address]
                fmt, block = STREAM_FORMATS[code], int.from_bytes(packed[lane, k].tobytes(), "little")
                assert aligned_fields(fmt, found) == expected_fields(fmt, block), (slot, lane, k)
                blocks += 1
            exponent, nan = rows[slot, lane]
            assert nan == split_passes(tile).nan[lane].any()
            if not nan:
                assert exponent == reference_exponents(tile)[lane] % 256
    assert (len(written), len(rows)) == (blocks, len(tiles) * ROWS)
    assert [wide for _, wide in ends[-len(LOWEST) :]] == [1] * len(LOWEST)
    assert ends == [(slot, takes_second_passes(tile)) for slot, tile in enumerate(tiles)]


def tile_with_one_lowest(rng, row, block, element):
    """Four blocks of MX6 in each row, with a single element -2**m."""
    tile, _ = operands(rng, (ROWS, 1, 4), ("MX6", "MX6"), "ordinary")
    lowest = -(1 << tile.fmt.magnitude_bits)
    elements = tile.elements.copy()
    elements[elements == lowest] = 0
    elements[row, block, element] = lowest
    return MXTensor(tile.fmt, tile.k, tile.exponents, tile.microexponents, elements)


def takes_second_passes(tile):
    """Whether a block that is not of MX9 is two passes."""
    codes = np.asarray(format_codes(tile))
    return len(split_passes(tile).blocks) > len(codes) + (codes == MX9.code).sum()
