"""Blocks of a row or column of the array in block memory: blocks in, passes out, sub-blocks skewed."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, MX9, PASS_MAGNITUDE_BITS, RESERVED_CODE, SUBBLOCKS
from hw.array.block_dot import activation_layout, weight_layout
from hw.block.aligned_block import aligned_block_layout
from hw.block.layouts import EXPONENT_BITS, FormatCode
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay

__all__ = ["PASS_EXPONENT", "PassMemory", "pass_layout"]

PASS_EXPONENT = signed(EXPONENT_BITS + 2)
"""An exponent of a block, and what its half adds."""

_SHARING = 2
"""Sub-blocks in a word of a memory: with their part of the exponent, these make 36 bits."""

_MEMORIES = SUBBLOCKS // _SHARING


def pass_layout(depth) -> data.StructLayout:
    """A pass: the block, and which half of it.

    ``rest`` selects the low half of an MX9 block (or what an element -2**m of a narrower format has
    beyond 15, or nothing of a block in the reserved format).
    """
    return data.StructLayout({"address": range(depth), "format": FormatCode, "rest": 1})


class PassMemory(wiring.Component):
    """Blocks as they arrive, and a pass of one of them per cycle.

    An MX9 block is two passes of four magnitude bits; MX6 and MX4 blocks are one, unless an element is
    -2**m, whose magnitude 16 takes a second pass of its own. Activations leave with their
    microexponents applied, weights with theirs attached.

    Sub-block j leaves j cycles late because it is read late: two sub-blocks share a memory, and memory g is
    read 2 g cycles after memory 0. The exponent is spread over all memories, and is whole with the last.

    Latency from ``passes[0]`` to ``operand`` is ``latency`` cycles, to ``exponent`` ``exponent_latency``;
    throughput one pass and one write per cycle; no flow control.

    Parameters
    ----------
    activations:
        True for a row, False for a column.
    depth:
        Blocks that it holds.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write_enable, write_address: In; block: In(``aligned_block_layout``)
    passes: In(``pass_layout``) x ``pass_cycles``: of now, of the cycle before, and so on
    operand: ``activation_layout()`` or ``weight_layout()`` x 8, sub-block j j cycles late
    exponent: Out(``PASS_EXPONENT``), of the pass
    """

    latency = BlockMemory.latency + 2
    last_read = _SHARING * (_MEMORIES - 1)
    """Cycles from ``passes[0]`` to the last access to the block."""
    pass_cycles = last_read + BlockMemory.latency + 1
    exponent_latency = pass_cycles

    def __init__(self, *, activations, depth, target="generic"):
        self.activations = bool(activations)
        self.depth = depth
        self.target = target
        subblock = activation_layout() if self.activations else weight_layout()
        super().__init__(
            {
                "write_enable": In(1),
                "write_address": In(range(depth)),
                "block": In(aligned_block_layout()),
                "passes": In(pass_layout(depth)).array(self.pass_cycles),
                "operand": Out(subblock).array(SUBBLOCKS),
                "exponent": Out(PASS_EXPONENT),
            }
        )

    def elaborate(self, platform):
        m = Module()
        exponent_parts = []
        for g in range(_MEMORIES):
            word = self._memory(m, g)
            late = self.last_read - _SHARING * g
            exponent_parts.append(delay(m, f"exponent_part_{g}", word.exponent, late))
            self._operands(m, g, word)
        issued = self.passes[-1]
        raised = issued.format == FormatCode.MX9
        exponent = Signal(PASS_EXPONENT, reset_less=True)
        # MX9's halves: magnitudes of the high one weigh 2, of the low one 1/8 of an MX6 block's.
        m.d.sync += exponent.eq(Cat(exponent_parts) + Mux(raised, Mux(issued.rest, -3, 1), 0))
        m.d.comb += self.exponent.eq(exponent)
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
            memory_part.write_enable.eq(self.write_enable),
            memory_part.write_address.eq(self.write_address),
            memory_part.write_data.eq(written),
            memory_part.read_enable.eq(1),
            memory_part.read_address.eq(self.passes[_SHARING * g].address),
            memory_part.output_enable.eq(1),
        ]
        return data.View(layout, memory_part.data)

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
