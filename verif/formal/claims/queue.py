"""Claims about ``hw.stream.queue``."""

from amaranth.lib import fifo

from hw.stream.queue import Queue
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, claim_stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_WIDTH = 8


def _build(depth):
    """A queue of ``depth`` whose payload comes out of the memory."""

    def build(bench):
        unit = bench.unit(Queue(shape=_WIDTH, depth=depth))
        order = Order.of_streams(bench, unit.i, unit.o)
        claim_stable(bench, "o", unit.o)
        bench.claim("count", order.inside == unit.level)
        bench.claim("capacity", unit.level <= depth)
        bench.claim("ready while there is room", unit.i.ready == (unit.level != depth))
        order.claim()
        _memory_invariants(bench, order, "unit.fifo", unit.level, depth, 0)

    return build


def _build_registered(depth):
    """A queue of ``depth`` whose payload is a register."""

    def build(bench):
        unit = bench.unit(Queue(shape=_WIDTH, depth=depth, registered=True))
        order = Order.of_streams(bench, unit.i, unit.o)
        claim_stable(bench, "o", unit.o)
        bench.claim("count", order.inside == unit.level)
        bench.claim("capacity", unit.level <= depth)
        order.claim()
        inner = bench.inside("unit.fifo.inner_level", range(depth))
        bench.help("levels", unit.level == inner + unit.o.valid)
        order.help_at("register", 0, unit.o.valid, unit.o.payload)
        _memory_invariants(bench, order, "unit.fifo", inner, depth - 1, unit.o.valid)

    return build


def _memory_invariants(bench, order, path, level, depth, before):
    """The entries of a memory are the transfers that leave after ``before`` others."""
    produce, consume = (bench.inside(f"{path}.{name}", range(depth)) for name in ("produce", "consume"))
    bench.help("addresses", (produce < depth) & (consume < depth))
    bench.help("level", (level == produce - consume) | (level == produce - consume + depth))
    bench.help("no more than depth", level <= depth)
    place = order.place - before
    address = consume + place
    word = bench.word(f"{path}.storage", (address - (address >= depth) * depth)[: len(consume)], _WIDTH)
    inside = (place >= 0) & (place < level)
    bench.help("entry", ~inside | (word == order.value))


_DEPTHS = (2, 5)

_STALLED = Edit(
    "goes on while stalled", Queue, "elaborate", "entries.r_en.eq(self.o.ready)", "entries.r_en.eq(1)"
)

CLAIMS = [
    Claim(
        unit=f"Queue, {depth} deep",
        text="order, count, stable output",
        build=_build(depth),
        method=Induction(1, search=depth + 4),
        mutants=(
            Edit(
                "takes one more",
                fifo.SyncFIFO,
                "elaborate",
                "self.level != self.depth",
                "self.level <= self.depth",
            ),
            _STALLED,
        ),
    )
    for depth in _DEPTHS
] + [
    Claim(
        unit=f"Queue, {depth} deep, registered",
        text="order, count, stable output",
        build=_build_registered(depth),
        method=Induction(1, search=depth + 6),
        mutants=(
            _STALLED,
            Edit(
                "takes one more",
                fifo.SyncFIFOBuffered,
                "elaborate",
                "inner_level != inner_depth",
                "inner_level <= inner_depth",
            ),
        ),
    )
    for depth in (3, 8)
]
