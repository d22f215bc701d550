"""Rows of 16 columns against the tiles that they were made of."""

import random

import pytest

from gen.widths import check_widths
from hw.array.tile_rows import TileRows
from verif.hw.stream.stream_bench import Receiver, Sender
from verif.simulation import simulate

SIZES = [
    (8, 8, 4, 4), (8, 8, 4, 16), (3, 1, 1, 4),
    *(pytest.param(*size, marks=pytest.mark.slow) for size in (
        (8, 8, 4, 8), (4, 16, 1, 4), (4, 16, 1, 16), (6, 2, 3, 8), (5, 4, 5, 16), (1, 1, 1, 16),
    )),
]  # fmt: skip
"""``rows``, ``cols``, ``drain_rows``, ``words``."""


def tiles_of(rng, rows, cols, drain_rows, count):
    """Beats of the array, sizes and the words of the rows wanted, of ``count`` tiles of 16 columns."""
    beats, sizes, expected = [], [], []
    for _ in range(count):
        used, wanted = rng.randint(1, 16 // cols), rng.randint(1, rows)
        tile = [[rng.getrandbits(32) for _ in range(16)] for _ in range(rows)]
        for left in range(0, used * cols, cols):
            for within in range(drain_rows):
                words = [w for row in tile[within::drain_rows] for w in row[left : left + cols]]
                value = sum(word << 32 * k for k, word in enumerate(words))
                beats.append(value | (within == drain_rows - 1) << (32 * len(words) + 3))
        sizes.append((used - 1) | wanted << max(1, (16 // cols - 1).bit_length()))
        expected += [row[: used * cols] for row in tile[:wanted]]
    return beats, sizes, expected


@pytest.mark.parametrize(("rows", "cols", "drain_rows", "words"), SIZES)
def test_every_row_comes_once_in_order(rows, cols, drain_rows, words):
    unit = TileRows(rows=rows, cols=cols, drain_rows=drain_rows, words=words)
    check_widths(unit)
    rng = random.Random(rows + cols)
    beats, sizes, expected = tiles_of(rng, rows, cols, drain_rows, 200)
    receiver = Receiver(unit.o, rng)
    simulate(
        unit,
        Sender(unit.d, rng, iter(beats)).run,
        Sender(unit.size, rng, iter(sizes)).run,
        receiver.run,
    )
    found = [
        [part >> 32 * k & 0xFFFFFFFF for part in receiver.received[n : n + 16 // words] for k in range(words)]
        for n in range(0, len(receiver.received) // (16 // words) * (16 // words), 16 // words)
    ]
    assert len(found) > 20
    for row, wanted in zip(found, expected, strict=False):
        assert row[: len(wanted)] == wanted
