"""The rows of one operand on chip: many blocks of a row in, one block of every row out."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SLOT_BITS
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_extractor import bank_write_layout

__all__ = ["OperandBuffer"]


class OperandBuffer(wiring.Component):
    """``lanes`` memories that take up to ``banks`` neighbouring blocks of one lane per cycle.

    A beat of memory holds several blocks of one row, but the array wants one block of every row. So
    block ``address`` of lane l does not lie in a memory of that lane: each group of ``banks`` lanes has
    as many memories, and the block lies in number ``(l + address) % banks``. Neighbouring blocks of a
    lane are in different memories then, and so are blocks of different lanes at one address. Behind the
    memories the rotation is undone. With one bank, a lane has a memory of its own.

    Latency from ``read`` to ``blocks`` is 2 cycles in which ``advance`` is high; throughput one read and
    one write per cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    side:
        The operand, `OperandSide`.

    Members
    -------
    write: In(``bank_write_layout``), of either operand
    read_address: In; read_lanes: In, lanes from the first one that hold rows: the others read as 0
    advance: In(1)
    blocks: Out(144) x lanes
    """

    latency = 2

    def __init__(self, *, geometry, side):
        self.side = OperandSide(side)
        self.lanes = geometry.lanes[side.value]
        self.depth = geometry.depth[side.value]
        self.banks = geometry.banks
        super().__init__(
            {
                "write": In(bank_write_layout(geometry)),
                "read_address": In(range(self.depth)),
                "read_lanes": In(range(self.lanes + 1)),
                "advance": In(1),
                "blocks": Out(SLOT_BITS).array(self.lanes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        steps = self.banks.bit_length() - 1
        turn, present = Signal(max(1, steps)), Signal(self.lanes)
        with m.If(self.advance):
            m.d.sync += [
                turn.eq(self.read_address[:steps] if steps else 0),
                present.eq(Cat(self.read_lanes > lane for lane in range(self.lanes))),
            ]
        for group in range(-(-self.lanes // self.banks)):
            outputs = [self._bank(m, group, bank) for bank in range(self.banks)]
            for step in range(steps):
                outputs = [
                    Mux(turn[step], outputs[(n + (1 << step)) % self.banks], output)
                    for n, output in enumerate(outputs)
                ]
            for n, output in enumerate(outputs):
                lane = group * self.banks + n
                if lane < self.lanes:
                    block = Signal(SLOT_BITS, name=f"lane_{lane}", reset_less=True)
                    with m.If(self.advance):
                        m.d.sync += block.eq(Mux(present[lane], output, 0))
                    m.d.comb += self.blocks[lane].eq(block)
        return m

    def _bank(self, m, group, bank):
        name = f"memory_{group * self.banks + bank}"
        m.submodules[name] = cells = memory.Memory(shape=unsigned(SLOT_BITS), depth=self.depth, init=[])
        write, read = cells.write_port(), cells.read_port()
        entry = self.write.banks[bank]
        m.d.comb += [
            write.en.eq(entry.enable & (self.write.operand == self.side) & (self.write.group == group)),
            write.addr.eq(entry.address[: len(write.addr)]),  # the larger operand's, perhaps
            write.data.eq(entry.block),
            read.en.eq(self.advance),
            read.addr.eq(self.read_address),
        ]
        return read.data
