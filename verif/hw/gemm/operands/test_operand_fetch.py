"""What is read of both operands: all of it, in order, never more than there is room for."""

import random
from dataclasses import dataclass

import pytest

from golden.engine import EngineParameters, stationary_group
from golden.formats import BLOCK_SIZE, MX6, MX9
from hw.gemm.geometry import MOST_STRIDE, Geometry
from hw.gemm.jobs.job import BlockCode
from hw.gemm.operands.operand_fetch import OperandFetch
from verif.simulation import simulate

GEOMETRIES = {
    "one array": Geometry(EngineParameters(rows=2, cols=4, drain_rows=2, k_blocks=8, stationary_tiles=3)),
    "two arrays": Geometry(
        EngineParameters(
            rows=3, cols=16, drain_rows=1, k_blocks=6, stationary_tiles=8, arrays=2, data_bits=512
        )
    ),
}


@dataclass(frozen=True)
class Operand:
    address: int
    pitch: int
    rows: int
    leading: int


class Product:
    """A random job, and the reads that it needs of each operand, tile by tile."""

    def __init__(self, rng: random.Random, geometry: Geometry):
        self.geometry = geometry
        # Those that leave room for more slots as often as those of one chunk and of several.
        self.k_blocks = rng.randint(1, 4 * geometry.k_blocks >> rng.choice((0, 2, 3, 4)))
        self.keep_b = rng.random() < 0.5
        group = stationary_group(geometry.parameters, self.k_blocks, self.keep_b)
        self.resident, self.group = group != 0, max(1, group)
        self.stride = max(
            s for s in range(MOST_STRIDE + 1) if s == 0 or self.k_blocks <= geometry.k_blocks >> s
        )
        self.operands = tuple(
            Operand(
                rng.randrange(1 << 20),
                rng.randrange(1 << 12),
                rng.randint(1, 50),
                rng.randint(0, self.k_blocks),
            )
            for _ in range(2)
        )

    def fields(self) -> dict:
        operands = {
            name: {**vars(operand), "format": BlockCode.MX6}
            for name, operand in zip("ab", self.operands, strict=True)
        }
        return {
            **operands,
            "k_blocks": self.k_blocks,
            "keep_b": self.keep_b,
            "stride": self.stride,
            "group": self.group,
            "resident": self.resident,
        }

    def tiles(self, side: int) -> list[list[tuple[int, int, int, int]]]:
        """Address, bytes, k-blocks and MX9 k-blocks of every row of every tile."""
        g, own, other = self.geometry, self.operands[side], self.operands[1 - side]
        units = (g.a_lanes, BLOCK_SIZE)
        if self.keep_b == bool(side):
            step, repeats, rounds = self.group * units[side], -(-other.rows // units[1 - side]), 1
            repeats = 1 if self.resident else repeats
        else:
            step, repeats, rounds = units[side], 1, -(-other.rows // (self.group * units[1 - side]))
        found = []
        for _ in range(rounds):
            for start in range(0, own.rows, step):
                for _ in range(repeats):
                    for chunk in range(0, self.k_blocks, g.k_blocks):
                        rows = range(start, min(own.rows, start + step))
                        found += [
                            [self._row(own, row, chunk) for row in rows[first : first + g.lanes[side]]]
                            for first in range(0, len(rows), g.lanes[side])
                        ]
        return found

    def _row(self, own: Operand, row: int, chunk: int) -> tuple[int, int, int, int]:
        taken = min(self.geometry.k_blocks, self.k_blocks - chunk)
        before, leading = min(own.leading, chunk), min(taken, max(0, own.leading - chunk))

        def size(blocks, mx9):
            return mx9 * MX9.block_bytes + (blocks - mx9) * MX6.block_bytes

        return own.address + row * own.pitch + size(chunk, before), size(taken, leading), taken, leading


def reads(geometry: Geometry, products: list[Product], *, release, cycles: int, seed: int = 0):
    """Tiles read of each side, each with its slot's address. ``release(rng, side)`` frees a slot."""
    rng = random.Random(seed)
    fetch = OperandFetch(geometry=geometry)
    found, under_way = ([], []), [[], []]

    async def jobs(ctx):
        for product in products:
            ctx.set(fetch.job.p, product.fields())
            ctx.set(fetch.job.valid, 1)
            await ctx.tick().until(fetch.job.ready)
        ctx.set(fetch.job.valid, 0)

    async def loop(ctx):
        while True:
            ctx.set(fetch.job_started.ready, rng.random() < 0.1)
            await ctx.tick()

    async def memory(ctx):
        held = [0, 0]
        for _ in range(cycles):
            released = 0
            for side in range(2):
                if held[side] and release(rng, side):
                    held[side] -= 1
                    released |= 1 << side
            ctx.set(fetch.released, released)
            ctx.set(fetch.command.ready, rng.random() < 0.8)
            _, _, valid, ready, p = await ctx.tick().sample(
                fetch.command.valid, fetch.command.ready, fetch.command.p
            )
            if not (valid and ready):
                continue
            side, rows = p.tag.operand.value, under_way[p.tag.operand.value]
            assert p.tag.lane == len(rows)
            assert p.tag.offset == p.address % geometry.beat_bytes
            rows.append((p.address, p.bytes, p.tag.blocks, p.tag.leading))
            if p.tag.last:
                held[side] += 1
                assert held[side] <= geometry.slots[side] << MOST_STRIDE
                found[side].append((p.tag.address, list(rows)))
                rows.clear()

    simulate(fetch, memory, background=[jobs, loop])
    assert under_way == [[], []]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("seed", range(2))
def test_reads_all_in_order(name, seed):
    """Jobs of all kinds: each side reads the tiles of one after those of the other, into slot after slot."""
    geometry, rng = GEOMETRIES[name], random.Random(seed)
    products = [Product(rng, geometry) for _ in range(6)]
    expected = [
        [(product.stride, tile) for product in products for tile in product.tiles(side)] for side in range(2)
    ]
    assert len({product.stride for product in products}) > 1
    rows = sum(len(tile) for tiles in expected for _, tile in tiles)
    found = reads(
        geometry, products, release=lambda rng, _: rng.random() < 0.3, cycles=4 * rows + 4000, seed=seed
    )
    for side in range(2):
        assert [tile for _, tile in found[side]] == [tile for _, tile in expected[side]]
        slot, before = 0, 0
        for (address, _), (stride, _) in zip(found[side], expected[side], strict=True):
            slots, pitch = geometry.slots[side] << stride, geometry.k_blocks >> stride
            slot = 0 if stride != before else slot % slots
            assert address == slot * pitch
            slot, before = slot + 1, stride


def short_product() -> tuple[Geometry, Product]:
    """One of half as many k-blocks as an operand's slot has, so that there are twice as many slots."""
    geometry = GEOMETRIES["two arrays"]
    rng = random.Random(1)
    product = Product(rng, geometry)
    while product.k_blocks > geometry.k_blocks >> 1 or product.k_blocks <= geometry.k_blocks >> 2:
        product = Product(rng, geometry)
    product.operands = tuple(Operand(0, 64, rows, 0) for rows in (24, 80))
    return geometry, product


@pytest.mark.parametrize("stuck", [0, 1])
def test_every_slot_is_filled(stuck):
    geometry, product = short_product()
    room = geometry.slots[stuck] << 1
    products = [product] * (room // len(product.tiles(stuck)) + 1)
    found = reads(geometry, products, release=lambda rng, side: side != stuck, cycles=6000)
    assert len(found[stuck]) == room


@pytest.mark.parametrize("stuck", [0, 1])
def test_reads_ahead(stuck):
    """Where one operand has no room, the other one is read as far as it has, into the next job."""
    geometry, product = short_product()
    found = reads(geometry, [product, product], release=lambda rng, side: side != stuck, cycles=3000)
    assert len(found[stuck]) <= geometry.slots[stuck] << 1
    assert len(found[1 - stuck]) == 2 * len(product.tiles(1 - stuck))


@pytest.mark.parametrize("keep_b", [False, True])
def test_reads_first_what_is_needed_first(keep_b):
    """On a slow bus: a tile of the operand that moves, all of the group that stays, then the next tile."""
    geometry = Geometry(
        EngineParameters(rows=4, cols=16, drain_rows=4, k_blocks=72, stationary_tiles=32, data_bits=512)
    )
    fetch, order = OperandFetch(geometry=geometry), []
    rows = {"a": 16 if not keep_b else 64, "b": 512 if not keep_b else 64}
    operands = {
        name: {"address": 0, "pitch": 1024, "rows": count, "leading": 0, "format": BlockCode.MX6}
        for name, count in rows.items()
    }

    async def bench(ctx):
        ctx.set(
            fetch.job.p,
            {**operands, "k_blocks": 72, "keep_b": keep_b, "stride": 0, "group": 4, "resident": 1},
        )
        ctx.set(fetch.job.valid, 1)
        ctx.set(fetch.job_started.ready, 1)
        for cycle in range(2000):
            ctx.set(fetch.command.ready, cycle % 15 == 0)
            _, _, valid, ready, p, taken = await ctx.tick().sample(
                fetch.command.valid, fetch.command.ready, fetch.command.p, fetch.job.ready
            )
            if taken:
                ctx.set(fetch.job.valid, 0)
            if valid and ready:
                order.append(p.tag.operand.value)

    simulate(fetch, bench)
    moves, stays = (0, 1) if keep_b else (1, 0)
    tile = (4, 16)[moves]
    group = 4 * (4, 16)[stays]
    assert order[:tile] == [moves] * tile
    # A row of the next tile may slip in wherever the other side pauses between tiles.
    needed = [n for n, side in enumerate(order) if side == stays][:group]
    assert needed[-1] < tile + group + 4
