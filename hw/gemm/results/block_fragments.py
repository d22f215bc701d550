"""Rows of 16 binary32 as blocks for memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.block.layouts import block_bytes
from hw.block.quantizer import Quantizer
from hw.gemm.results.row_layouts import fragment_layout, result_part_layout, row_place_layout
from hw.stream.free_pipeline import FreePipeline
from hw.stream.queue import Queue

__all__ = ["BlockFragments"]


class BlockFragments(wiring.Component):
    """Rows as blocks, padded with zeros, each a fragment, or two where it is longer than one can be.

    Latency: that of a ``Quantizer``, from the last part of a row; throughput one part of a row per cycle.
    ``i.ready`` is a register.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Columns per cycle: 4, 8 or 16.
    address_bits:
        Width of addresses.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    i: In(stream of ``result_part_layout``), all parts of a row, in ascending order
    o: Out(stream of ``fragment_layout``)
    """

    def __init__(self, *, rows, words, address_bits, target="generic"):
        self._target = target
        sizes = {"rows": rows, "words": words, "address_bits": address_bits}
        self._words = words
        self._place = row_place_layout(rows=rows, address_bits=address_bits)
        super().__init__(
            {
                "i": In(stream.Signature(result_part_layout(**sizes))),
                "o": Out(stream.Signature(fragment_layout(**sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.quantizer = quantizer = Quantizer(words=self._words, target=self._target)
        # Where the blocks in the quantizer go: there is room for as many as it takes.
        part, parts = self.i.p, BLOCK_SIZE // self._words
        _, most_blocks = FreePipeline.capacity_of(quantizer.stages)
        m.submodules.places = places = Queue(shape=self._place, depth=most_blocks, registered=True)

        values = Cat(
            value & (part.columns > column).replicate(BINARY32_BITS)
            for column, value in enumerate(part.values)
        )
        # The place goes along with the row's last part.
        m.d.comb += [
            quantizer.i.valid.eq(self.i.valid),
            quantizer.i.p.data.as_value().eq(values),
            quantizer.i.p.user.eq(part.code),
            places.i.valid.eq(self.i.valid & quantizer.i.ready & (part.part == parts - 1)),
            places.i.p.eq(part.place),
            self.i.ready.eq(quantizer.i.ready),
        ]

        # The longest blocks are more than a fragment of 4 words.
        most, block, place, fragment = 4 * self._words, quantizer.o.p, places.o.p, self.o.p
        second, cut = Signal(), Signal()
        size = block_bytes(block.user)
        m.d.comb += [
            cut.eq(~second & (size > most)),
            self.o.valid.eq(quantizer.o.valid),
            fragment.place.eq(place),
            fragment.place.address.eq(place.address + Mux(second, most, 0)),
            fragment.place.begins.eq(place.begins & ~second),
            fragment.place.ends.eq(place.ends & ~cut),
            fragment.last.eq(place.last & ~cut),
            fragment.bytes.eq(Mux(second, size - most, Mux(cut, most, size))),
            fragment.data.eq(block.data[: 8 * most]),
            quantizer.o.ready.eq(self.o.ready & ~cut),
            places.o.ready.eq(quantizer.o.valid & self.o.ready & ~cut),
        ]
        with m.If(second):
            rest = block.data[8 * most :]
            m.d.comb += fragment.data[: len(rest)].eq(rest)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += second.eq(cut)
        return m
