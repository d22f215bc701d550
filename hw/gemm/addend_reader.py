"""Reads what is added to a tile: the bias row, and old rows of D."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.gemm.result_layouts import (
    FRAGMENT_BYTES,
    addend_beat_layout,
    addend_request_layout,
)
from hw.layouts import float_block_layout

__all__ = ["AddendReader", "addend_tile_layout"]

_WORD = 4
"""Bytes of a binary32, to which addends are aligned."""


def addend_tile_layout(*, rows, address_bits) -> data.StructLayout:
    """A tile's addends, ``columns`` of each: the bias row if ``bias``, old rows of D if ``accumulate``.

    The bias is at ``bias_address``, the first of ``rows`` rows of D at ``address``.
    """
    return data.StructLayout({
        "bias": 1,
        "accumulate": 1,
        "bias_address": address_bits,
        "address": address_bits,
        "rows": range(rows + 1),
        "columns": range(FRAGMENT_BYTES // _WORD + 1),
    })


class AddendReader(wiring.Component):
    """Requests a tile's addends, and gives them in order: the bias row first, then old rows of D.

    Requests go out ahead, one per cycle, as long as there is room for what they bring. Columns that were
    not wanted are arbitrary.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    data_bits, address_bits:
        Widths of the memory port.
    depth:
        Addends that wait, under way or here.

    Members
    -------
    tile: In(stream of ``addend_tile_layout``), with bias or accumulate or both
    pitch: In(32), bytes from row to row
    read: Out(stream of ``addend_request_layout``)
    beat: In(``addend_beat_layout``); beat_valid: In(1)
    o: Out(stream of ``float_block_layout``)
    """

    def __init__(self, *, rows, data_bits, address_bits, depth=16):
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.depth = depth
        super().__init__({
            "tile": In(stream.Signature(addend_tile_layout(rows=rows, address_bits=address_bits))),
            "pitch": In(32),
            "read": Out(stream.Signature(addend_request_layout(address_bits))),
            "beat": In(addend_beat_layout(data_bits)),
            "beat_valid": In(1),
            "o": Out(stream.Signature(float_block_layout())),
        })

    def elaborate(self, platform):
        m = Module()
        # Where the wanted bytes start in the first beat of each request under way, in words.
        offset_bits = (self.data_bits // 8 // _WORD).bit_length() - 1
        m.submodules.offsets = offsets = fifo.SyncFIFO(width=offset_bits, depth=self.depth)
        self._request(m, offsets)
        self._receive(m, offsets)
        return m

    def _request(self, m, offsets):
        tile = self.tile.p
        address = Signal(self.address_bits, reset_less=True)
        row = Signal.like(tile.rows)
        bias_done = Signal()
        bias, final = Signal(), Signal()
        room = Signal(range(self.depth + 1), init=self.depth)
        sent = self.read.valid & self.read.ready
        taken = self.o.valid & self.o.ready
        low = (_WORD - 1).bit_length()
        m.d.comb += [
            bias.eq(tile.bias & ~bias_done),
            final.eq(Mux(bias, ~tile.accumulate, row + 1 == tile.rows)),
            self.read.valid.eq(self.tile.valid & (room != 0)),
            self.read.p.address.eq(Mux(bias, tile.bias_address, Mux(row == 0, tile.address, address))),
            self.read.p.bytes.eq(tile.columns << low),
            self.tile.ready.eq(sent & final),
            offsets.w_en.eq(sent),
            offsets.w_data.eq(self.read.p.address[low:low + len(offsets.w_data)]),
        ]
        m.d.sync += room.eq(room - sent + taken)
        with m.If(sent):
            m.d.sync += bias_done.eq(~final)
            with m.If(~bias):
                m.d.sync += [row.eq(Mux(final, 0, row + 1)), address.eq(self.read.p.address + self.pitch)]

    def _receive(self, m, offsets):
        words = self.data_bits // 8 // _WORD
        count = FRAGMENT_BYTES // _WORD // words
        m.submodules.addends = addends = fifo.SyncFIFOBuffered(width=8 * FRAGMENT_BYTES, depth=self.depth)

        # The beat turned so that wanted words lie in their lane; those that wrap around belong to the
        # chunk before.
        offset = offsets.r_data
        turned = self.beat.data
        for n in range(len(offset)):
            turned = Mux(offset[n], turned.rotate_right(32 << n), turned)
        wraps = [Const(0, 1), *(offset > words - 1 - lane for lane in range(1, words))]
        number = Signal(range(count + 1))
        chunk = Signal(range(count + 1))
        m.d.comb += chunk.eq(Mux(self.beat.first, 0, number))
        block = [Signal(32, name=f"word_{n}", reset_less=True) for n in range(count * words)]
        for n, word in enumerate(block):
            lane, mine = n % words, n // words
            with m.If(self.beat_valid & (chunk == mine + wraps[lane])):
                m.d.sync += word.eq(turned[32 * lane:32 * (lane + 1)])
        done = Signal()
        m.d.sync += done.eq(self.beat_valid & self.beat.last)
        with m.If(self.beat_valid):
            m.d.sync += number.eq(chunk + 1)
        m.d.comb += [
            offsets.r_en.eq(self.beat_valid & self.beat.last),
            addends.w_en.eq(done),
            addends.w_data.eq(Cat(block)),
            self.o.valid.eq(addends.r_rdy),
            self.o.p.as_value().eq(addends.r_data),
            addends.r_en.eq(self.o.ready),
        ]
