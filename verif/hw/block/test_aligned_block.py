"""Packed blocks of every format in one form."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal

from golden.formats import BLOCK_SIZE, PASS_MAGNITUDE_BITS, RESERVED_CODE, SLOT_BITS, STREAM_FORMATS
from hw.block.aligned_block import align, format_selects
from verif.hw.block.aligned import aligned_fields, expected_fields
from verif.simulation import simulate

BLOCKS = 200


def aligned_by_hardware(code, blocks):
    m = Module()
    format_code, block, aligned = Signal(2), Signal(SLOT_BITS), Signal(SLOT_BITS)
    m.d.sync += aligned.eq(align(format_selects(format_code), block))
    found = []

    async def drive(ctx):
        ctx.set(format_code, code)
        for value in blocks:
            ctx.set(block, value)
            await ctx.tick()
            found.append(ctx.get(aligned))

    simulate(m, drive)
    return found


def random_slots(seed):
    """Any bits: also codes that no encoder makes, and what is above a short block."""
    rng = np.random.default_rng(seed)
    return [int.from_bytes(rng.bytes(SLOT_BITS // 8), "little") for _ in range(BLOCKS)]


@pytest.mark.parametrize("fmt", STREAM_FORMATS, ids=str)
def test_every_element_is_in_its_place(fmt):
    slots = random_slots(fmt.code)
    for slot, aligned in zip(slots, aligned_by_hardware(fmt.code, slots), strict=True):
        packed = slot % (1 << fmt.block_bits)
        assert aligned_fields(fmt, aligned) == expected_fields(fmt, packed)


def test_reserved_format_has_nothing_that_a_pass_takes():
    nothing = [(False, 0)] * BLOCK_SIZE
    for aligned in aligned_by_hardware(RESERVED_CODE, random_slots(9)):
        assert aligned_fields(STREAM_FORMATS[0], aligned)[2] == nothing
    assert PASS_MAGNITUDE_BITS == 4  # what ``aligned_fields`` leaves out
