"""Claims about ``hw.stream.block_queue`` and its ``ring_reader``."""

from hw.stream.block_queue import BlockQueue
from hw.stream.ring_reader import RingReader
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, claim_stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit
from verif.formal.prover.ring import Ring

__all__ = ["CLAIMS", "OUTPUT_GOES_ON"]

_WIDTH = 72
"""So wide that the memory's output has two enables."""


def _build(depth, compared):
    """A queue whose writer keeps to it that there is room."""

    def build(bench):
        unit = bench.unit(BlockQueue(shape=_WIDTH, depth=depth, compared=compared))
        ring = Ring(bench, "unit", depth=depth, enables=2, valid=unit.o.valid)
        bench.assume(~ring.writes | (ring.level < depth))
        order = Order(
            bench,
            comes=ring.writes,
            entry=unit.data,
            leaves=unit.o.valid & unit.o.ready,
            exit=unit.o.payload,
        )
        claim_stable(bench, "o", unit.o)
        bench.claim("count", order.inside == ring.level + ring.accessed + unit.o.valid)
        bench.claim("capacity", order.inside <= depth + 2)
        order.claim()
        ring.claim_no_collision(bench)
        ring.claim_filling(bench, depth >> compared)
        bench.help("no more than depth", ring.level <= depth)
        order.help_at("output", 0, unit.o.valid, unit.o.payload)
        read = bench.inside("unit.memory.read__data", _WIDTH)
        order.help_at("access", unit.o.valid, ring.accessed, read)
        place = order.place - (unit.o.valid + ring.accessed)
        address = (ring.read_address + place)[: len(ring.read_address)]
        word = bench.word("unit.memory.words", address, _WIDTH)
        waits = (place >= 0) & (place < ring.level)
        bench.help("entry", ~waits | (word == order.value))

    return build


OUTPUT_GOES_ON = Edit(
    "the output goes on", RingReader, "elaborate", "empty | self.ready.replicate(self.enables)", "~0"
)
"""Of any unit with such a queue."""

CLAIMS = [
    Claim(
        unit=f"BlockQueue, {depth} deep",
        text="order, count, stable output, no collision, filling",
        build=_build(depth, compared),
        method=Induction(1),
        mutants=(
            Edit(
                "the last one stays",
                RingReader,
                "elaborate",
                "Mux(self.read_enable, later, following)",
                "following",
            ),
            Edit(
                "reads while stalled",
                RingReader,
                "elaborate",
                "self.read_enable.eq(~none & advance)",
                "self.read_enable.eq(~none)",
            ),
            OUTPUT_GOES_ON,
        ),
    )
    for depth, compared in ((4, 2), (16, 4))
]
