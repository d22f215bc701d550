"""One row or column of operands at the edge of the array: buffered, split into passes, skewed."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, MX9, NAN_EXPONENT, PASS_MAGNITUDE_BITS, RESERVED_CODE, SUBBLOCKS
from hw.array.aligned_accumulator import distance_bits
from hw.array.block_dot import activation_layout, weight_layout
from hw.block.aligned_block import aligned_block_layout
from hw.block.layouts import EXPONENT_BITS, FormatCode
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay

__all__ = ["OperandLane", "block_write_layout", "pass_layout", "reference_layout"]

_SHARING = 2
"""Sub-blocks in a word of a memory: with their part of the exponent, these make 36 bits."""

_MEMORIES = SUBBLOCKS // _SHARING


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


def pass_layout(depth) -> data.StructLayout:
    """A pass to issue: the block, which half of it, and what ends with it.

    ``rest`` selects the low half of an MX9 block (or what an element -2**m of a narrower format has
    beyond 15, or nothing of a block in the reserved format), ``first`` is the tile's first pass,
    ``release`` the last use of the block.
    """
    return data.StructLayout(
        {
            "address": range(depth),
            "format": FormatCode,
            "rest": 1,
            "first": 1,
            "release": 1,
        }
    )


def reference_layout() -> data.StructLayout:
    """Largest pass exponent of a lane's tile, and whether the tile has a NaN block in this lane."""
    return data.StructLayout({"exponent": EXPONENT_BITS, "nan": 1})


class OperandLane(wiring.Component):
    """Operands of one row (activations) or column (weights) of the array.

    Blocks are written as they arrive and read pass by pass: ``distance = largest pass exponent of
    the tile - exponent of the pass``, saturating, and 16 signs and magnitudes. An MX9 block is two
    passes of four magnitude bits; MX6 and MX4 blocks are one, unless an element is -2**m, whose
    magnitude 16 takes a second pass of its own (``wide``). Activations leave with their
    microexponents applied, weights with theirs attached.

    Sub-block j leaves j cycles late because it is read late: two sub-blocks share a memory, and memory g is
    read 2 g cycles after memory 0. The exponent is spread over all memories, and is whole with the last.

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
    passes: In(``pass_layout``) x ``pass_cycles``: of now, of the cycle before, and so on
    operand: ``activation_layout()`` or ``weight_layout()`` x 8, sub-block j j cycles late
    distance: Out, saturating exponent distance of the pass
    tile_reference: Out, ``reference_layout`` of the oldest tile not yet taken
    reference_taken: In(1), go on to the next tile's reference
    """

    completion_latency = 3
    latency = BlockMemory.latency + 2
    last_read = _SHARING * (_MEMORIES - 1)
    """Cycles from ``passes[0]`` to the last access to the block."""
    _exponent_latency = last_read + BlockMemory.latency
    pass_cycles = _exponent_latency + 1

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
                "passes": In(pass_layout(depth)).array(self.pass_cycles),
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
        exponent_parts = []
        for g in range(_MEMORIES):
            word = self._memory(m, g)
            late = self.last_read - _SHARING * g
            exponent_parts.append(delay(m, f"exponent_part_{g}", word.exponent, late))
            self._operands(m, g, word)
        self._distance(m, Cat(exponent_parts), self._references(m))
        return m

    def _memory(self, m, g):
        """Store a part of the blocks; that of a pass two cycles after ``passes[_SHARING * g]``."""
        elements = BLOCK_SIZE // _MEMORIES
        part = EXPONENT_BITS // _MEMORIES
        layout = data.StructLayout(
            {
                "exponent": part,
                "microexponents": _SHARING,
                "elements": data.ArrayLayout(MX9.element_bits, elements),
            }
        )
        block = self.block
        written = Cat(
            block.exponent[g * part : (g + 1) * part],
            block.microexponents[g * _SHARING : (g + 1) * _SHARING],
            *(block.elements[g * elements + i] for i in range(elements)),
        )
        memory_part = BlockMemory(width=layout.size, depth=self.depth, target=self.target)
        m.submodules[f"memory_{g}"] = memory_part
        m.d.comb += [
            memory_part.write_enable.eq(self.write.enable),
            memory_part.write_address.eq(self.write.address),
            memory_part.write_data.eq(written),
            memory_part.read_enable.eq(1),
            memory_part.read_address.eq(self.passes[_SHARING * g].address),
            memory_part.output_enable.eq(1),
        ]
        return data.View(layout, memory_part.data)

    def _references(self, m):
        """Largest pass exponent of each tile; the one of the tile being read, for ``_distance``."""
        exponent = self.block.exponent
        raised = self.write.format == FormatCode.MX9
        nan = delay(m, "nan", exponent == NAN_EXPONENT, 1)
        candidate = delay(m, "candidate", (exponent + raised)[:EXPONENT_BITS], 1)
        enable = delay(m, "write_enable", self.write.enable, 1, reset_less=False)
        first = delay(m, "write_first", self.write.first, 1)
        complete = delay(m, "complete", self.write.enable & self.write.last, 2, reset_less=False)

        gathered = Signal(reference_layout(), reset_less=True)
        with m.If(enable):
            m.d.sync += gathered.nan.eq(nan | (gathered.nan & ~first))
            with m.If(first | (candidate > gathered.exponent)):
                m.d.sync += gathered.exponent.eq(candidate)

        m.submodules.references = references = memory.Memory(
            shape=reference_layout(), depth=self.tiles, init=[]
        )
        write = references.write_port()
        starting, draining = references.read_port(domain="comb"), references.read_port(domain="comb")
        m.d.comb += [write.en.eq(complete), write.data.eq(gathered), self.tile_reference.eq(draining.data)]
        with m.If(complete):
            m.d.sync += write.addr.eq(write.addr + 1)
        with m.If(self.reference_taken):
            m.d.sync += draining.addr.eq(draining.addr + 1)

        maximum = Signal(EXPONENT_BITS, reset_less=True)
        with m.If(self.passes[self._exponent_latency].first):
            m.d.sync += [maximum.eq(starting.data.exponent), starting.addr.eq(starting.addr + 1)]
        return maximum

    def _distance(self, m, block_exponent, maximum):
        issued = self.passes[self._exponent_latency]
        raised = issued.format == FormatCode.MX9
        exponent = Signal(signed(10), reset_less=True)
        # MX9's halves: magnitudes of the high one weigh 2, of the low one 1/8 of an MX6 block's.
        m.d.sync += exponent.eq(block_exponent + Mux(raised, Mux(issued.rest, -3, 1), 0))
        distance = Signal(9, reset_less=True)
        m.d.sync += distance.eq((maximum - exponent)[: len(distance)])  # never negative
        bits = len(self.distance)
        saturated = Signal(bits, reset_less=True)
        m.d.sync += saturated.eq(distance[:bits] | distance[bits:].any().replicate(bits))
        waits = self.distance_latency - self._exponent_latency - 3
        m.d.comb += self.distance.eq(delay(m, "distance", saturated, waits))

    def _operands(self, m, g, word):
        """The sub-blocks of memory ``g``."""
        chosen = delay(m, f"choice_{g}", _choice(self.passes[_SHARING * g + 1]), 1)
        choice = data.View(_choice_layout(), chosen)
        size = MX9.subblock_size
        for n in range(_SHARING):
            j = _SHARING * g + n
            operand = Signal.like(self.operand[j], name=f"subblock_{j}", reset_less=True)
            microexponent = delay(m, f"microexponent_{j}", word.microexponents[n], 1)
            for i in range(size):
                sign, magnitude = self._element(m, f"{j}_{i}", word.elements[n * size + i], choice)
                if self.activations:
                    magnitude = Mux(microexponent, magnitude, magnitude << 1)
                m.d.sync += [operand.sign[i].eq(sign), operand.magnitude[i].eq(magnitude)]
            if not self.activations:
                m.d.sync += operand.microexponent.eq(microexponent)
            m.d.comb += self.operand[j].eq(delay(m, f"operand_{j}", operand, n))

    def _element(self, m, name, q, choice):
        """Sign and four magnitude bits of an element in this pass, in the cycle after ``q``.

        The magnitude of a negative code is the code inverted, and 1 more where that carries in.
        """
        narrow = PASS_MAGNITUDE_BITS
        negative, zero = q[-1], q[:narrow] == 0
        bits = Signal(narrow, name=f"bits_{name}", reset_less=True)
        carry = Signal(name=f"carry_{name}", reset_less=True)
        m.d.sync += [
            bits.eq(Mux(choice.high, q[narrow:], q[:narrow]) ^ negative.replicate(narrow)),
            carry.eq(negative & Mux(zero, choice.carry_zero, choice.carry_other)),
        ]
        with m.If(choice.nothing):
            m.d.sync += bits.eq(0)
        # Bit by bit: a carry chain would take more look-up tables, and longer.
        magnitude = Cat(bits[i] ^ (carry & bits[:i].all()) for i in range(narrow))
        return delay(m, f"sign_{name}", negative, 1), magnitude


def _choice_layout() -> data.StructLayout:
    """What a pass takes of an element.

    ``high``: the high half instead of the low one; ``nothing``: neither; ``carry_zero`` and ``carry_other``:
    1 more for a negative element whose low half is zero, or is not.
    """
    return data.StructLayout({"high": 1, "nothing": 1, "carry_zero": 1, "carry_other": 1})


def _choice(issued):
    """What the pass ``issued`` takes, as a value of ``_choice_layout``."""
    is_mx9, rest = issued.format == FormatCode.MX9, issued.rest
    idle = issued.format.as_value() == RESERVED_CODE
    return Cat(is_mx9 & ~rest, ~is_mx9 & rest, is_mx9 | (rest & ~idle), is_mx9 == rest)
