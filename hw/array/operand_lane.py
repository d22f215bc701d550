"""One row or column of operands at the edge of the array: buffered, split into passes, skewed."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, NAN_EXPONENT, PASS_MAGNITUDE_BITS, SUBBLOCKS
from hw.array.aligned_accumulator import distance_bits
from hw.array.block_dot import activation_layout, weight_layout
from hw.array.exponent_distance import DISTANCE_LATENCY, exponent_distance
from hw.array.pass_memory import PassMemory, pass_layout
from hw.block.aligned_block import aligned_block_layout
from hw.block.layouts import EXPONENT_BITS, FormatCode
from hw.target.delay import delay

__all__ = ["OperandLane", "block_write_layout", "issued_pass_layout", "reference_layout"]


def block_write_layout(depth) -> data.StructLayout:
    """A block arriving for every lane: where it goes, its format, and its place in the tile."""
    return data.StructLayout(
        {
            "enable": 1,
            "address": range(depth),
            "format": FormatCode,
            "first": 1,
            "last": 1,
        }
    )


def issued_pass_layout(depth) -> data.StructLayout:
    """A pass to issue, and what begins and ends with it.

    ``first`` is the tile's first pass, ``release`` the last use of the block.
    """
    return data.StructLayout({"part": pass_layout(depth), "first": 1, "release": 1})


def reference_layout() -> data.StructLayout:
    """Largest pass exponent of a lane's tile, and whether the tile has a NaN block in this lane."""
    return data.StructLayout({"exponent": EXPONENT_BITS, "nan": 1})


class OperandLane(wiring.Component):
    """Operands of one row (activations) or column (weights) of the array.

    A ``PassMemory`` of the row's blocks, the references of its tiles, and the distance of each pass from its
    tile's: ``distance = largest pass exponent of the tile - exponent of the pass``, saturating. A block of a
    format other than MX9 that has an element -2**m is ``wide``: it takes a second pass.

    Latency from ``passes[0]`` to ``operand`` is ``latency`` cycles, to ``distance`` ``distance_latency``;
    throughput one pass and one write per cycle. No flow control: the loader admits what fits, and
    issues a tile's passes only once it is complete (``completion_latency`` cycles after the write of its
    last block).

    Parameters
    ----------
    activations:
        True for a row, False for a column.
    depth:
        Blocks that the buffer holds.
    tiles:
        Tiles whose references the lane keeps, from their last write until ``reference_taken``.
    fraction_bits:
        F of the aligned accumulator; sets where distances saturate.
    distance_delay:
        Cycles by which elements want the distance after sub-block 0.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write: ``block_write_layout``; block: In(``aligned_block_layout``)
    wide: Out(16), which elements of the block of the previous cycle are -2**m, where it is not of MX9
    passes: In(``issued_pass_layout``) x ``pass_cycles``: of now, of the cycle before, and so on
    operand: ``activation_layout()`` or ``weight_layout()`` x 8, sub-block j j cycles late
    distance: Out, saturating exponent distance of the pass
    tile_reference: Out, ``reference_layout`` of the oldest tile not yet taken
    reference_taken: In(1), go on to the next tile's reference
    """

    completion_latency = 4
    latency = PassMemory.latency
    last_read = PassMemory.last_read
    pass_cycles = PassMemory.pass_cycles

    def __init__(self, *, activations, depth, tiles, fraction_bits, distance_delay, target="generic"):
        self.activations = bool(activations)
        self.depth = depth
        self.tiles = tiles
        self.fraction_bits = fraction_bits
        self.target = target
        self.distance_latency = self.latency + distance_delay
        subblock = activation_layout() if self.activations else weight_layout()
        super().__init__(
            {
                "write": In(block_write_layout(depth)),
                "block": In(aligned_block_layout()),
                "wide": Out(BLOCK_SIZE),
                "passes": In(issued_pass_layout(depth)).array(self.pass_cycles),
                "operand": Out(subblock).array(SUBBLOCKS),
                "distance": Out(distance_bits(fraction_bits)),
                "tile_reference": Out(reference_layout()),
                "reference_taken": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        least = Cat(q[-1] & (q[:PASS_MAGNITUDE_BITS] == 0) for q in self.block.elements)
        m.d.comb += self.wide.eq(delay(m, "least", least, 1))
        m.submodules.memory = passes = PassMemory(
            activations=self.activations, depth=self.depth, target=self.target
        )
        m.d.comb += [
            passes.write_enable.eq(self.write.enable),
            passes.write_address.eq(self.write.address),
            passes.block.eq(self.block),
            *(to.eq(issued.part) for to, issued in zip(passes.passes, self.passes, strict=True)),
            *(to.eq(of) for to, of in zip(self.operand, passes.operand, strict=True)),
        ]
        distance = exponent_distance(
            m,
            "saturated",
            reference=self._references(m),
            exponent=passes.exponent,
            fraction_bits=self.fraction_bits,
        )
        waits = self.distance_latency - PassMemory.exponent_latency - DISTANCE_LATENCY
        m.d.comb += self.distance.eq(delay(m, "distance", distance, waits))
        return m

    def _references(self, m):
        """Largest pass exponent of each tile; the one of the tile being read, for ``_distance``."""
        # A block comes from afar: its exponent is taken to a register before anything is made of it.
        exponent = delay(m, "exponent", self.block.exponent, 1)
        raised = delay(m, "raised", self.write.format == FormatCode.MX9, 1)
        nan = delay(m, "nan", exponent == NAN_EXPONENT, 1)
        candidate = delay(m, "candidate", (exponent + raised)[:EXPONENT_BITS], 1)
        enable = delay(m, "write_enable", self.write.enable, 2, reset_less=False)
        first = delay(m, "write_first", self.write.first, 2)
        complete = delay(m, "complete", self.write.enable & self.write.last, 3, reset_less=False)

        gathered = Signal(reference_layout(), reset_less=True)
        with m.If(enable):
            m.d.sync += gathered.nan.eq(nan | (gathered.nan & ~first))
            with m.If(first | (candidate > gathered.exponent)):
                m.d.sync += gathered.exponent.eq(candidate)

        m.submodules.references = references = memory.Memory(
            shape=reference_layout(), depth=self.tiles, init=[]
        )
        port = references.write_port()
        starting, draining = references.read_port(domain="comb"), references.read_port(domain="comb")
        m.d.comb += [port.en.eq(complete), port.data.eq(gathered), self.tile_reference.eq(draining.data)]
        with m.If(complete):
            m.d.sync += port.addr.eq(port.addr + 1)
        with m.If(self.reference_taken):
            m.d.sync += draining.addr.eq(draining.addr + 1)

        maximum = Signal(EXPONENT_BITS, reset_less=True)
        with m.If(self.passes[-1].first):
            m.d.sync += [maximum.eq(starting.data.exponent), starting.addr.eq(starting.addr + 1)]
        return maximum
