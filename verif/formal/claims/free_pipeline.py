"""Claims about ``hw.stream.free_pipeline`` in the designs that are one: their handshakes."""

from hw.block.converter import Converter
from hw.block.dequantizer import Dequantizer
from hw.block.quantizer import Quantizer
from hw.stream.free_pipeline import FreePipeline
from verif.formal.claims.block_queue import OUTPUT_GOES_ON
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, claim_stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit
from verif.formal.prover.ring import Ring

__all__ = ["CLAIMS"]

_SHARE = 64
"""Bits of a queue's payload that have an enable of their own."""

_WIDTHS = {Converter: 147, Dequantizer: 275, Quantizer: 147}
"""Bits of each design's queue."""


def _build(component, width):
    """``component`` with a queue ``width`` bits wide."""

    def build(bench):
        unit = bench.unit(component())
        depth = FreePipeline.depth_of(unit.stages)
        ring = Ring(bench, "unit.queue", depth=depth, enables=-(-width // _SHARE), valid=unit.o.valid)
        taken = unit.i.valid & unit.i.ready
        count = Order(
            bench,
            comes=taken,
            entry=unit.i.p.last,
            leaves=unit.o.valid & unit.o.ready,
            exit=unit.o.p.last,
        )
        claim_stable(bench, "o", unit.o)
        bench.claim("room", ~ring.writes | (ring.level < depth))
        ring.claim_no_collision(bench)
        # A beat is in each of the stages, in the memory, or behind it.
        behind = ring.level + ring.accessed + unit.o.valid
        stages, in_stages = [], 0
        for stage in range(1, unit.stages + 1):
            taken = bench.register(f"taken_{stage}", taken)
            stages.append(taken)
            in_stages = in_stages + taken
        bench.claim("count", count.inside == behind + in_stages)
        bench.claim("none from nowhere", ~unit.o.valid | (count.inside != 0))
        for stage, taken in enumerate(stages[:-1], 1):
            bench.help(f"stage {stage}", bench.inside(f"unit.valid_{stage}", 1) == taken)
        bench.help("last stage", ring.writes == stages[-1])
        # While the queue is not half full, no more come than fill that half and the stages. What says so is
        # a cycle late, and so is that it is said.
        most = depth // 2 + unit.stages
        bench.help("most", ring.level + in_stages <= most + 1)
        bench.help("most while ready", ~unit.i.ready | (ring.level + in_stages <= most))

    return build


CLAIMS = [
    Claim(
        unit=component.__name__,
        text="handshake: room for every beat, count, stable output",
        build=_build(component, width),
        method=Induction(1, search=20),
        mutants=(
            Edit(
                "a queue too small",
                FreePipeline,
                "depth_of",
                "1 << ((stages + 1) * 16 // 7).bit_length()",
                "4",
            ),
            OUTPUT_GOES_ON,
        ),
        quick=False,
    )
    for component, width in _WIDTHS.items()
]
