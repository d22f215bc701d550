"""Reads what is added to a tile: the bias row, and old rows of D."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import FLOAT_BYTES
from hw.axi.fragment_reader import FragmentReader, addend_beat_layout, addend_request_layout
from hw.axi.line import FRAGMENT_BYTES
from hw.block.binary32 import BINARY32_BITS

__all__ = ["AddendReader", "addend_tile_layout"]

ADDENDS = 16
"""Addends that wait, under way or here."""


def addend_tile_layout(*, rows, address_bits) -> data.StructLayout:
    """A tile's addends, ``columns`` of each: the ``bias`` row, old rows of D if ``accumulate``.

    The first row of D is at ``address``, the last one is number ``last_row``.
    """
    return data.StructLayout(
        {
            "bias": 1,
            "accumulate": 1,
            "bias_address": address_bits,
            "address": address_bits,
            "last_row": range(max(2, rows)),
            "columns": range(FRAGMENT_BYTES // FLOAT_BYTES + 1),
        }
    )


class AddendReader(wiring.Component):
    """Requests a tile's addends, and gives them in order: the bias row first, then old rows of D.

    Requests go out ahead, one per cycle, as long as there is room for what they bring. The bias row is given
    for each row of the tile. Columns that were not wanted are arbitrary.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    data_bits, address_bits:
        Widths of the memory port.
    words:
        Columns of a part.
    target:
        One of ``hw.target.targets.TARGETS``.
    depth:
        Addends that wait, under way or here.

    Members
    -------
    tile: In(stream of ``addend_tile_layout``), with something to read
    pitch: In(32), bytes from row to row of D
    read: Out(stream of ``addend_request_layout``)
    beat: In(stream of ``addend_beat_layout``), never stalled
    o: Out(stream of ``words`` binary32)
    """

    def __init__(self, *, rows, words, data_bits, address_bits, target="generic", depth=ADDENDS):
        self.rows = rows
        self.words = words
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.target = target
        self.depth = depth
        super().__init__(
            {
                "tile": In(stream.Signature(addend_tile_layout(rows=rows, address_bits=address_bits))),
                "pitch": In(32),
                "read": Out(stream.Signature(addend_request_layout(address_bits))),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "o": Out(stream.Signature(data.ArrayLayout(BINARY32_BITS, words))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FragmentReader(
            data_bits=self.data_bits,
            address_bits=self.address_bits,
            unit=FLOAT_BYTES,
            words=self.words,
            most_times=self.rows,
            depth=self.depth,
            target=self.target,
        )
        wiring.connect(m, reader.read, wiring.flipped(self.read))
        wiring.connect(m, wiring.flipped(self.beat), reader.beat)

        tile, request = self.tile.p, reader.request
        address = Signal(self.address_bits, reset_less=True)
        row = Signal.like(tile.last_row)
        bias_given, of_bias, final = Signal(), Signal(), Signal()
        m.d.comb += [
            of_bias.eq(tile.bias & ~bias_given),
            final.eq(Mux(of_bias, ~tile.accumulate, row == tile.last_row)),
            self.o.valid.eq(reader.o.valid),
            self.o.p.as_value().eq(reader.o.p),
            reader.o.ready.eq(self.o.ready),
            reader.times.eq(Mux(of_bias, tile.last_row + 1, 1)),
            request.valid.eq(self.tile.valid),
            request.p.address.eq(Mux(of_bias, tile.bias_address, Mux(row == 0, tile.address, address))),
            request.p.bytes.eq(tile.columns << (FLOAT_BYTES.bit_length() - 1)),
            self.tile.ready.eq(request.ready & final),
        ]
        with m.If(request.valid & request.ready):
            following = request.p.address + self.pitch
            m.d.sync += [bias_given.eq(~final), address.eq(following[: len(address)])]
            with m.If(~of_bias):
                m.d.sync += row.eq(Mux(final, 0, row + 1))
        return m
