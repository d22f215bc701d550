"""The delay in block memory."""

import pytest

from hw.target.memory_delay import MemoryDelay
from verif.simulation import simulate


@pytest.mark.parametrize("cycles", [3, 4, 6, 10])
def test_words_come_back_after_their_cycles(cycles):
    line = MemoryDelay(width=9, cycles=cycles)
    words = [(37 * n + 5) % 512 for n in range(60)]
    seen = []

    async def drive(context):
        for word in words:
            context.set(line.i, word)
            await context.tick()
            seen.append(context.get(line.o))

    simulate(line, drive)
    assert seen[cycles - 1 :] == words[: len(words) - cycles + 1]


@pytest.mark.parametrize("cycles", [0, 2, 5, 7])
def test_other_delays_are_refused(cycles):
    with pytest.raises(ValueError, match=rf"cycles must be 2 \+ a power of two .* not {cycles}"):
        MemoryDelay(width=4, cycles=cycles)
