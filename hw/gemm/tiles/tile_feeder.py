"""Tiles on chip as streams for the arrays."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SLOT_BITS
from hw.block.layouts import FormatCode
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_extractor import bank_write_layout
from hw.gemm.operands.operand_buffer import OperandBuffer
from hw.gemm.tiles.tile_layouts import tile_layout
from hw.stream.packet import packet_layout

__all__ = ["TileFeeder"]


class TileFeeder(wiring.Component):
    """The operand buffers, and each tile out of them: a k-block of every row of A and of B per cycle.

    Arrays take their rows of A, and all the same rows of B, in lock step. An array none of whose rows is
    in the matrix gets nothing. Rows behind the end of a matrix are zeros.

    Latency ``OperandBuffer.latency`` cycles from a tile to its first blocks; tiles follow each other
    without a gap. A tile is taken with its last blocks.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write: In(``bank_write_layout``)
    tile: In(stream of ``tile_layout``)
    a, b: Out(streams of packets) x arrays, as ``hw.array.array.AlignedArray`` takes them; their ``valid``
        depends on the ``ready`` of all, so no array's ``ready`` may depend on its ``valid``
    released: Out(2), a slot of A (bit 0), of B (bit 1) is free
    feeding: Out(1), blocks are on their way
    """

    def __init__(self, *, geometry, target="generic"):
        self.geometry = geometry
        self.target = target
        parameters = geometry.parameters

        def operand(lanes):
            return stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, lanes), FormatCode))

        super().__init__(
            {
                "write": In(bank_write_layout(geometry)),
                "tile": In(stream.Signature(tile_layout(geometry))),
                "a": Out(operand(parameters.rows)).array(parameters.arrays),
                "b": Out(operand(parameters.cols)).array(parameters.arrays),
                "released": Out(2),
                "feeding": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        parameters, tile = self.geometry.parameters, self.tile.p
        buffers = {}
        for side in OperandSide:
            name = side.name.lower()
            buffers[name] = OperandBuffer(geometry=self.geometry, side=side, target=self.target)
            m.submodules[f"{name}_buffer"] = buffers[name]
        k = Signal(range(self.geometry.k_blocks))
        last, advance, go = Signal(), Signal(), Signal()
        beat = data.StructLayout(
            {"valid": 1, "last": 1, "a": FormatCode, "b": FormatCode, "arrays": parameters.arrays}
        )
        entering = Signal(beat)
        m.d.comb += [
            last.eq(k == tile.blocks - 1),
            self.tile.ready.eq(advance & last),
            entering.valid.eq(self.tile.valid),
            entering.last.eq(last),
            entering.arrays.eq(Cat(tile.a.lanes > n * parameters.rows for n in range(parameters.arrays))),
        ]
        for name, buffer in buffers.items():
            operand = getattr(tile, name)
            m.d.comb += [
                getattr(entering, name).eq(Mux(k < operand.leading, FormatCode.MX9, operand.rest)),
                buffer.write.eq(self.write),
                buffer.read_address.eq(operand.address + k),
                buffer.read_lanes.eq(operand.lanes),
                buffer.advance.eq(advance),
            ]
        moved = Signal()
        m.d.comb += moved.eq(self.tile.valid & advance)
        with m.If(moved):
            m.d.sync += k.eq(Mux(last, 0, k + 1))
        m.d.sync += self.released.eq(Cat(tile.a.release, tile.b.release) & (moved & last).replicate(2))

        stages = [entering]
        for n in range(OperandBuffer.latency):
            late = Signal(beat, name=f"beat_{n + 1}")
            with m.If(advance):
                m.d.sync += late.eq(stages[-1])
            stages.append(late)
        leaving = stages[-1]
        readies = []
        for n in range(parameters.arrays):
            a, b = self.a[n], self.b[n]
            first = n * parameters.rows
            m.d.comb += [a.p.data[row].eq(buffers["a"].blocks[first + row]) for row in range(parameters.rows)]
            m.d.comb += [b.p.data[row].eq(buffers["b"].blocks[row]) for row in range(parameters.cols)]
            m.d.comb += [a.p.user.eq(leaving.a), b.p.user.eq(leaving.b)]
            for operand in (a, b):
                m.d.comb += [
                    operand.p.last.eq(leaving.last),
                    operand.valid.eq(leaving.valid & leaving.arrays[n] & go),
                ]
                readies.append(operand.ready | ~leaving.arrays[n])
        m.d.comb += [
            go.eq(Cat(readies).all()),
            advance.eq(~leaving.valid | go),
            self.feeding.eq(Cat(stage.valid for stage in stages).any()),
        ]
        return m
