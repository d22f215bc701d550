"""The write master where lines of one turn come between those of others."""

import random

from hw.axi.signatures import Response
from hw.axi.write_master import WriteMaster
from verif.simulation import simulate

TURNS = 3


def test_turns_end_when_their_lines_are_in_memory():
    """Whatever lies between; a turn's errors are told before it ends."""
    master, rng = WriteMaster(data_bits=64, address_bits=32, outstanding=6, turns=TURNS), random.Random(1)
    under_way = [0] * TURNS  # lines that were taken and not answered
    order: list[int] = []  # turns of lines whose last beat is on its way to memory
    bursts: list[int] = []  # turns of those that memory has to answer
    seen = {"ended": 0, "other turns": 0, "errors": 0}
    bus, beat = master.bus, master.i.p

    async def drive(ctx):
        left = answered = error = 0
        turn = turn_of_answered = addresses = 0
        for _ in range(6000):
            ended = ctx.get(master.ended)
            for n in range(TURNS):
                # Two cycles after the answer: the error comes between.
                if under_way[n] or (answered and turn_of_answered == n):
                    assert not ended >> n & 1, n
                else:
                    assert ended >> n & 1, n
                    seen["ended"] += 1
                    seen["other turns"] += any(under_way)
            assert ctx.get(master.error.valid) == error
            # A beat of a line, of which there are up to three.
            offers = left or rng.random() < 0.6
            if offers and not left:
                left, turn = rng.randint(1, 3), rng.randrange(TURNS)
            ctx.set(beat.more, left - 1 if offers else 0)
            ctx.set(beat.turn, turn)
            ctx.set(beat.number, rng.randrange(1000))
            ctx.set(master.i.valid, int(bool(offers)))
            ctx.set(bus.wready, int(rng.random() < 0.7))
            ctx.set(bus.awready, int(rng.random() < 0.7))
            goes = offers and ctx.get(master.i.ready)
            ctx.set(master.taken, 1 << turn if goes and left == 1 else 0)
            written = ctx.get(bus.wvalid & bus.wready & bus.wlast)
            addresses += ctx.get(bus.awvalid & bus.awready)
            answered = int(bool(bursts) and addresses > 0 and rng.random() < 0.3)
            ctx.set(bus.bvalid, answered)
            error = answered and int(rng.random() < 0.2)
            ctx.set(bus.bresp, (Response.SLVERR if error else Response.OKAY).value)
            seen["errors"] += error
            if answered:
                addresses -= 1
                turn_of_answered = bursts.pop(0)
                under_way[turn_of_answered] -= 1
            if written:
                bursts.append(order.pop(0))
            if goes:
                left -= 1
                if not left:
                    under_way[turn] += 1
                    order.append(turn)
            await ctx.tick()

    simulate(master, drive)
    assert min(seen.values()) > 200, seen
