"""Which tiles on chip have elements that take a second pass."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block.layouts import FormatCode
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.row_reference import row_write_layout
from hw.gemm.tiles.tile_layouts import stored_tile_layout, tile_layout
from hw.stream.memory_read import MemoryRead
from hw.stream.skid_buffer import SkidBuffer
from hw.target.block_memory import BlockMemory

__all__ = ["WideTiles"]


class WideTiles(wiring.Component):
    """Tells of each tile whether its operands are wide, which is known with a tile's last row.

    Latency three cycles, throughput one tile per cycle. Two tiles wait behind the memory, so that the loop
    does not hang on what the sequencer does in the same cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    row: In(``row_write_layout``)
    i: In(stream of ``tile_layout``); o: Out(stream of ``stored_tile_layout``)
    busy: Out(1), tiles are told of, and wait
    """

    def __init__(self, *, geometry, target="generic"):
        self.slots = geometry.most_slots
        self.target = target
        super().__init__(
            {
                "row": In(row_write_layout(geometry)),
                "i": In(stream.Signature(tile_layout(geometry))),
                "o": Out(stream.Signature(stored_tile_layout(geometry))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = SkidBuffer(shape=self.o.p.shape())
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        told = buffer.i
        read = MemoryRead(m, there=self.i.valid, valid=told.valid, ready=told.ready)
        wide, first_mx9 = [], []
        for side, tile in zip(OperandSide, (self.i.p.a, self.i.p.b), strict=True):
            cells = BlockMemory(width=1, depth=self.slots[side.value], target=self.target)
            m.submodules[f"{side.name.lower()}_memory"] = cells
            m.d.comb += [
                cells.write_enable.eq(self.row.enable & self.row.last & (self.row.operand == side)),
                cells.write_address.eq(self.row.slot[: len(cells.write_address)]),
                cells.write_data.eq(self.row.wide),
            ]
            read.connect([cells], tile.slot)
            wide.append(cells.data)
            first_mx9.append((tile.leading != 0) | (tile.rest == FormatCode.MX9))
        m.d.comb += [
            self.i.ready.eq(read.read_enable),
            Value.cast(told.p.tile).eq(read.accompany("tile", self.i.p)),
            told.p.wide.eq(Cat(wide)),
            told.p.first_mx9.eq(read.accompany("first_mx9", Cat(first_mx9))),
            told.p.single.eq(read.accompany("single", self.i.p.blocks == 1)),
            self.busy.eq(told.valid | self.o.valid),
        ]
        return m
