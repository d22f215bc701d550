"""Both sides of a stream in ``amaranth.sim``, with random stalls."""

from amaranth.hdl import Value

__all__ = ["Count", "Receiver", "Sender", "holds_while_stalled"]

CYCLES = 1500


def _busy(cycle):
    """How busy a sender is: long phases in which it, or its receiver, is the slower one."""
    return 0.9 if cycle // 50 % 2 else 0.3


class Sender:
    """Offers random payloads, or ``payloads``; each holds until taken. ``sent`` are those that were taken."""

    def __init__(self, port, rng, payloads=None):
        self.port = port
        self.rng = rng
        self.payloads = payloads
        self.sent = []

    async def run(self, ctx):
        payload = Value.cast(self.port.payload)
        offered = None
        for cycle in range(CYCLES):
            if offered is None and self.rng.random() < _busy(cycle):
                offered = next(self.payloads) if self.payloads else self.rng.getrandbits(len(payload))
            ctx.set(self.port.valid, offered is not None)
            ctx.set(payload, self.rng.getrandbits(len(payload)) if offered is None else offered)
            _, _, taken = await ctx.tick().sample(self.port.valid & self.port.ready)
            if taken:
                self.sent.append(offered)
                offered = None
        ctx.set(self.port.valid, 0)


class Receiver:
    """Takes payloads at random. ``received`` are those that it took."""

    def __init__(self, port, rng):
        self.port = port
        self.rng = rng
        self.received = []

    async def run(self, ctx):
        for cycle in range(CYCLES):
            ctx.set(self.port.ready, self.rng.random() < 1.1 - _busy(cycle))
            _, _, taken, payload = await ctx.tick().sample(
                self.port.valid & self.port.ready, Value.cast(self.port.payload)
            )
            if taken:
                self.received.append(payload)
        ctx.set(self.port.ready, 0)


class Count:
    """Counts payloads that went in at ``i`` and did not come out at ``o``: ``levels``, cycle by cycle."""

    def __init__(self, i, o):
        self.i, self.o = i, o
        self.levels = []

    async def run(self, ctx):
        level = 0
        async for *_, taken, given in ctx.tick().sample(
            self.i.valid & self.i.ready, self.o.valid & self.o.ready
        ):
            self.levels.append(level)
            level += taken - given


def holds_while_stalled(port):
    """A testbench: what is offered stays, with its payload, until it is taken."""

    async def bench(ctx):
        waits = None
        async for *_, valid, ready, payload in ctx.tick().sample(
            port.valid, port.ready, Value.cast(port.payload)
        ):
            if waits is not None:
                assert (valid, payload) == (1, waits)
            waits = payload if valid and not ready else None

    return bench
