"""Random tiles of an operand as beats of memory, for whatever unpacks them."""

from amaranth.hdl import Value

from golden.engine import describe, to_rows
from verif.hw.gemm.random_jobs import random_operand

__all__ = ["drive_beats", "random_tiles", "tile_beats"]


def random_tiles(rng, *, rows, k_blocks, count=1, case="ordinary"):
    """``count`` tensors of ``rows`` rows, up to ``k_blocks`` k-blocks long."""
    lengths = rng.integers(1, k_blocks, endpoint=True, size=count)
    return [random_operand(rng, rows, 16 * int(blocks), case) for blocks in lengths]


def tile_beats(rng, tile, *, slot, k_blocks, beat_bytes, side=0):
    """The rows of ``tile``, each from any byte of its first beat on, as (beat, first, last, tag)."""
    fmt, leading = describe(tile)
    rows = to_rows(tile)
    beats = []
    for lane, row in enumerate(rows):
        offset = int(rng.integers(beat_bytes))
        data = _row_beats(rng, row.tobytes(), offset, beat_bytes)
        tag = {
            "offset": offset,
            "leading": leading,
            "blocks": -(-tile.k // 16),
            "format": int(fmt),
            "operand": side,
            "lane": lane,
            "address": slot * k_blocks,
            "slot": slot,
            "last": int(lane == len(rows) - 1),
        }
        beats += [(beat, n == 0, n == len(data) - 1, tag) for n, beat in enumerate(data)]
    return beats


def _row_beats(rng, row: bytes, offset: int, beat_bytes: int) -> list[int]:
    """A row from byte ``offset`` of its first beat on, between bytes of others."""
    junk = rng.bytes(2 * beat_bytes)
    size = -(-(offset + len(row)) // beat_bytes) * beat_bytes
    memory = junk[:offset] + row + junk[: size - offset - len(row)]
    return [int.from_bytes(memory[n : n + beat_bytes], "little") for n in range(0, len(memory), beat_bytes)]


async def drive_beats(ctx, port, beats, *, rng, stall, each_cycle=lambda: None):
    """Give ``beats`` to ``port``, with pauses, and wait until all that they make is written."""
    for beat, first, last, tag in [*beats, *[(None, 0, 0, {})] * 20]:
        while beat is not None and rng.random() < stall:
            ctx.set(port.valid, 0)
            await ctx.tick()
            each_cycle()
        ctx.set(port.valid, beat is not None)
        ctx.set(port.p.data, beat or 0)
        ctx.set(port.p.first, first)
        ctx.set(port.p.last, last)
        for name, value in tag.items():
            # Only a row's first beat has its tag.
            ctx.set(Value.cast(getattr(port.p.tag, name)), value if first else 0)
        await ctx.tick()
        each_cycle()
