"""The rows of one operand on chip: many blocks of a row in, one block of every row out."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SLOT_BITS
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_extractor import bank_write_layout
from hw.target.block_memory import BlockMemory

__all__ = ["OperandBuffer"]


class OperandBuffer(wiring.Component):
    """``lanes`` memories that take up to ``banks`` neighbouring blocks of one lane per cycle.

    A beat of memory holds several blocks of one row, but the array wants one block of every row. So
    block ``address`` of lane l does not lie in a memory of that lane: each group of ``banks`` lanes has
    as many memories, and the block lies in number ``(l + address) % banks``. Neighbouring blocks of a
    lane are in different memories then, and so are blocks of different lanes at one address. Behind the
    memories the rotation is undone. With one bank, a lane has a memory of its own.

    Latency from ``read`` to ``blocks`` is ``latency`` cycles in which ``advance`` is high; throughput one
    read and one write per cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    side:
        The operand, `OperandSide`.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write: In(``bank_write_layout``), of either operand
    read_address: In; read_lanes: In, lanes from the first one that hold rows: the others read as 0
    advance: In(1)
    blocks: Out(144) x lanes
    """

    latency = BlockMemory.latency

    def __init__(self, *, geometry, side, target="generic"):
        self.side = OperandSide(side)
        self.lanes = geometry.lanes[side.value]
        self.depth = geometry.depth[side.value]
        self.banks = geometry.banks
        self.target = target
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
        turn = self._late(m, "turn", self.read_address[:steps])
        present = self._late(m, "present", Cat(self.read_lanes > lane for lane in range(self.lanes)))
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
                    m.d.comb += self.blocks[lane].eq(Mux(present[lane], output, 0))
        return m

    def _late(self, m, name, value):
        """``value`` when its ``blocks`` are there."""
        for cycle in range(self.latency):
            late = Signal(len(value), name=f"{name}_{cycle + 1}", reset_less=True)
            with m.If(self.advance):
                m.d.sync += late.eq(value)
            value = late
        return value

    def _bank(self, m, group, bank):
        cells = BlockMemory(width=SLOT_BITS, depth=self.depth, target=self.target)
        m.submodules[f"memory_{group * self.banks + bank}"] = cells
        entry = self.write.banks[bank]
        m.d.comb += [
            cells.write_enable.eq(
                entry.enable & (self.write.operand == self.side) & (self.write.group == group)
            ),
            cells.write_address.eq(
                entry.address[: len(cells.write_address)]
            ),  # the larger operand's, perhaps
            cells.write_data.eq(entry.block),
            cells.read_enable.eq(self.advance),
            cells.read_address.eq(self.read_address),
            cells.output_enable.eq(self.advance),
        ]
        return cells.data
