"""Elements widened, and what is behind a row's end."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal

from golden.formats import BLOCK_SIZE
from hw.gemm.reorder.row_elements import padded, widened
from verif.simulation import simulate


@pytest.mark.parametrize("narrow", [0, 1])
@pytest.mark.parametrize("exponential", [0, 1])
def test_elements(narrow, exponential):
    """Zeros behind a row of any length, or -infinity, which is no maximum."""
    m, fragment, in_row = Module(), Signal(32 * BLOCK_SIZE), Signal(BLOCK_SIZE)
    made = [Signal(32, name=f"made_{n}") for n in range(BLOCK_SIZE)]
    elements = [widened(fragment, narrow, n) for n in range(BLOCK_SIZE)]
    m.d.comb += [
        to.eq(of) for to, of in zip(made, padded(elements, in_row, Signal(init=exponential)), strict=True)
    ]
    m.d.sync += Signal().eq(1)
    words = np.random.default_rng(narrow).integers(0, 1 << 32, BLOCK_SIZE, dtype=np.uint32)
    expected = (words.view("<u2")[:BLOCK_SIZE].astype(np.uint32) << 16) if narrow else words
    behind = 0xFF800000 if exponential else 0

    async def drive(ctx):
        ctx.set(fragment, int.from_bytes(words.tobytes(), "little"))
        for length in range(BLOCK_SIZE + 1):
            ctx.set(in_row, (1 << length) - 1)
            await ctx.delay(1e-9)
            found = [ctx.get(value) for value in made]
            assert found == expected[:length].tolist() + [behind] * (BLOCK_SIZE - length)

    simulate(m, drive)
