"""One row or column of operands at the edge of the array: buffered, split into passes, aligned."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import (
    BLOCK_SIZE,
    MX9,
    NAN_EXPONENT,
    ONE_PASS_FORMATS,
    PASS_MAGNITUDE_BITS,
    RESERVED_CODE,
    SLOT_BITS,
    STREAM_FORMATS,
    SUBBLOCKS,
)
from hw.array.aligned_accumulator import distance_bits
from hw.array.block_dot import activation_layout, weight_layout
from hw.block.layouts import EXPONENT_BITS, FormatCode, block_fields
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay
from hw.target.memory_delay import MemoryDelay
from hw.target.targets import TARGETS

__all__ = ["OperandLane", "block_write_layout", "pass_layout", "reference_layout"]

_SHARING = 3
"""How many sub-blocks share a memory's words."""


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

    Latency from ``pass_in`` to ``operand`` is ``latency`` cycles, to ``distance``
    ``distance_latency``, to ``pass_out`` one; throughput one pass and one write per cycle. No flow
    control: the loader admits what fits, and issues a tile's passes only once it is complete
    (``completion_latency`` cycles after the write of its last block).

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
    write: ``block_write_layout``; block: In(144), the packed block
    wide: Out(1), the block of the previous cycle is not of MX9 and holds an element -2**m
    pass_in, pass_out: ``pass_layout``, from lane to lane
    operand: ``activation_layout()`` or ``weight_layout()`` x 8, sub-block j j cycles late
    distance: Out, saturating exponent distance of the pass
    tile_reference: Out, ``reference_layout`` of the oldest tile not yet taken
    reference_taken: In(1), go on to the next tile's reference
    """

    completion_latency = 3
    row_latency = 6
    column_latency = 5

    def __init__(self, *, activations, depth, tiles, fraction_bits, distance_delay, target="generic"):
        self.activations = bool(activations)
        self.depth = depth
        self.tiles = tiles
        self.fraction_bits = fraction_bits
        self.target = target
        self.latency = self.row_latency if self.activations else self.column_latency
        self.distance_latency = self.latency + distance_delay
        subblock = activation_layout() if self.activations else weight_layout()
        super().__init__(
            {
                "write": In(block_write_layout(depth)),
                "block": In(SLOT_BITS),
                "wide": Out(1),
                "pass_in": In(pass_layout(depth)),
                "pass_out": Out(pass_layout(depth)),
                "operand": Out(subblock).array(SUBBLOCKS),
                "distance": Out(distance_bits(fraction_bits)),
                "tile_reference": Out(reference_layout()),
                "reference_taken": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.pass_out.eq(delay(m, "pass", self.pass_in, 1, reset_less=False))
        block = self._buffer(m)
        maximum = self._references(m)
        self._distance(m, block, maximum)
        self._operand(m, block)
        return m

    def _buffer(self, m):
        """Store blocks; the block of a pass two cycles after ``pass_in``."""
        m.submodules.buffer = buffer = BlockMemory(width=SLOT_BITS, depth=self.depth, target=self.target)
        m.d.comb += [
            buffer.write_enable.eq(self.write.enable),
            buffer.write_address.eq(self.write.address),
            buffer.write_data.eq(self.block),
            buffer.read_enable.eq(1),
            buffer.read_address.eq(self.pass_in.address),
            buffer.output_enable.eq(1),
        ]
        wide = Signal()
        with m.Switch(self.write.format):
            for fmt in ONE_PASS_FORMATS:
                with m.Case(FormatCode(fmt.code)):
                    elements = block_fields(fmt, self.block).elements
                    m.d.sync += wide.eq(Cat(element == fmt.min_element for element in elements).any())
            with m.Default():
                m.d.sync += wide.eq(0)
        m.d.comb += self.wide.eq(wide)
        return buffer.data

    def _references(self, m):
        """Largest pass exponent of each tile; the one of the tile being read, for ``_distance``."""
        exponent = Signal(EXPONENT_BITS, reset_less=True)
        nan = Signal(reset_less=True)
        raised = delay(m, "raised", self.write.format == FormatCode.MX9, 1)
        m.d.sync += exponent.eq(block_fields(MX9, self.block).exponent)
        m.d.comb += nan.eq(exponent == NAN_EXPONENT)
        enable = delay(m, "write_enable", self.write.enable, 1, reset_less=False)
        first = delay(m, "write_first", self.write.first, 1)
        complete = delay(m, "complete", self.write.enable & self.write.last, 2, reset_less=False)

        gathered = Signal(reference_layout(), reset_less=True)
        candidate = Signal(EXPONENT_BITS)
        m.d.comb += candidate.eq(exponent + raised)
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

        start = delay(m, "start", self.pass_in.first, 2, reset_less=False)
        maximum = Signal(EXPONENT_BITS, reset_less=True)
        with m.If(start):
            m.d.sync += [maximum.eq(starting.data.exponent), starting.addr.eq(starting.addr + 1)]
        return maximum

    def _distance(self, m, block, maximum):
        raised = delay(m, "raised_pass", self.pass_in.format == FormatCode.MX9, 2)
        rest = delay(m, "rest_pass", self.pass_in.rest, 2)
        exponent = Signal(signed(10), reset_less=True)
        # MX9's halves: magnitudes of the high one weigh 2, of the low one 1/8 of an MX6 block's.
        m.d.sync += exponent.eq(block_fields(MX9, block).exponent + Mux(raised, Mux(rest, -3, 1), 0))
        distance = Signal(9, reset_less=True)
        m.d.sync += distance.eq((maximum - exponent)[: len(distance)])  # never negative
        bits = len(self.distance)
        saturated = Signal(bits, reset_less=True)
        m.d.sync += saturated.eq(distance[:bits] | distance[bits:].any().replicate(bits))
        m.d.comb += self.distance.eq(delay(m, "distance", saturated, self.distance_latency - 5))

    def _operand(self, m, block):
        code = delay(m, "format", self.pass_in.format, 2)
        is_mx9 = delay(m, "is_mx9", code == FormatCode.MX9.value, 1)
        rest = delay(m, "rest", self.pass_in.rest, 3)
        idle = delay(m, "idle", code == RESERVED_CODE, 1)
        microexponents = delay(m, "microexponents", block_fields(MX9, block).microexponents, 3)
        signs, magnitudes = [], []
        for i in range(BLOCK_SIZE):
            sign, magnitude = self._element(m, i, block, code, is_mx9, rest, idle)
            signs.append(sign)
            magnitudes.append(magnitude)
        size = MX9.subblock_size
        operands = []
        for j in range(SUBBLOCKS):
            group = slice(j * size, (j + 1) * size)
            operand = Signal.like(self.operand[j], name=f"subblock{j}")
            m.d.comb += operand.sign.eq(Cat(signs[group]))
            for i, magnitude in enumerate(magnitudes[group]):
                if self.activations:
                    magnitude = Mux(~microexponents[j], magnitude << 1, magnitude)
                m.d.comb += operand.magnitude[i].eq(magnitude)
            if not self.activations:
                m.d.comb += operand.microexponent.eq(microexponents[j])
            operands.append(operand)
        self._skew(m, operands)

    def _skew(self, m, operands):
        """Sub-block j leaves j cycles late, some of that in block memory where the target says so."""
        waits = {j: j + self.activations for j in range(SUBBLOCKS)}
        late = dict(enumerate(operands))
        for cycles in TARGETS[self.target].skew_delays:
            group = [j for j in waits if cycles <= j + self.activations < cycles + _SHARING]
            words = Cat(operands[j] for j in group)
            memory_delay = MemoryDelay(width=len(words), cycles=cycles, target=self.target)
            m.submodules[f"skew_{cycles}"] = memory_delay
            m.d.comb += memory_delay.i.eq(words)
            width = len(words) // len(group)
            for n, j in enumerate(group):
                late[j] = memory_delay.o.word_select(n, width)
                waits[j] -= cycles
        for j in range(SUBBLOCKS):
            m.d.comb += self.operand[j].eq(delay(m, f"operand{j}", late[j], waits[j]))

    def _element(self, m, i, block, code, is_mx9, rest, idle):
        """Sign and four magnitude bits of an element in this pass, three cycles after ``block``."""
        narrow = PASS_MAGNITUDE_BITS
        low = Signal(narrow, name=f"low{i}", reset_less=True)
        high = Signal(narrow, name=f"high{i}", reset_less=True)
        sign = Signal(name=f"sign{i}", reset_less=True)
        with m.Switch(code):
            for fmt in reversed(STREAM_FORMATS):
                q = block_fields(fmt, block).elements[i]
                with m.Default() if fmt == STREAM_FORMATS[0] else m.Case(fmt.code):
                    aligned = q << max(0, narrow - fmt.magnitude_bits)
                    m.d.sync += [low.eq(aligned[:narrow]), sign.eq(q[-1])]
        m.d.sync += high.eq(block_fields(MX9, block).elements[i][narrow:])

        # |q| of the chosen half: invert the bits of a negative code, and add 1 where it carries in.
        bits = Signal(narrow, name=f"bits{i}", reset_less=True)
        invert = Signal(name=f"invert{i}", reset_less=True)
        carry = Signal(name=f"carry{i}", reset_less=True)
        zero = Signal(name=f"zero{i}")
        m.d.comb += zero.eq(low == 0)
        m.d.sync += [bits.eq(low), invert.eq(sign), carry.eq(sign)]
        with m.If(is_mx9 & ~rest):
            m.d.sync += [bits.eq(high), carry.eq(sign & zero)]
        with m.If(~is_mx9 & ~rest):
            m.d.sync += carry.eq(sign & ~zero)
        with m.If(~is_mx9 & rest):
            m.d.sync += [bits.eq(0), invert.eq(0), carry.eq(sign & zero & ~idle)]
        magnitude = Signal(narrow, name=f"magnitude{i}", reset_less=True)
        m.d.sync += magnitude.eq((bits ^ invert.replicate(narrow)) + carry)
        return delay(m, f"sign{i}", sign, 2), magnitude
