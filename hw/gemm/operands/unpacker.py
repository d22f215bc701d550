"""Beats of memory to blocks and references for the operand buffers."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.read_master import beat_layout
from hw.gemm.operands.block_extractor import BlockExtractor, bank_write_layout
from hw.gemm.operands.block_finder import BlockFinder
from hw.gemm.operands.operand_reader import row_tag_layout
from hw.gemm.operands.row_reference import RowReference, row_write_layout

__all__ = ["Unpacker"]


class Unpacker(wiring.Component):
    """Rows of packed blocks, as beats of memory, to writes of the operand buffers; no flow control.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    beat: In(stream of ``beat_layout``), tags ``row_tag_layout``, never stalled
    write: Out(``bank_write_layout``)
    row: Out(``row_write_layout``), after the row's last ``write``
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        beat = beat_layout(data_bits=geometry.data_bits, tag=row_tag_layout(geometry))
        super().__init__(
            {
                "beat": In(stream.Signature(beat, always_ready=True)),
                "write": Out(bank_write_layout(geometry)),
                "row": Out(row_write_layout(geometry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.finder = finder = BlockFinder(geometry=self.geometry)
        m.submodules.extractor = extractor = BlockExtractor(
            geometry=self.geometry, extraction=finder.extraction
        )
        wiring.connect(m, wiring.flipped(self.beat), finder.beat)
        wiring.connect(m, finder.found, extractor.found)
        m.submodules.reference = reference = RowReference(geometry=self.geometry)
        m.d.comb += [
            self.write.eq(extractor.write),
            reference.extracted.eq(extractor.extracted),
            self.row.eq(reference.row),
        ]
        return m
