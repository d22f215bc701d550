"""The largest exponent of each row of a tile, found while its blocks arrive."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, NAN_EXPONENT, PASS_MAGNITUDE_BITS
from hw.array.operand_lane import reference_layout
from hw.block.layouts import EXPONENT_BITS
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_extractor import extracted_layout
from hw.target.delay import delay

__all__ = ["RowReference", "row_write_layout"]

_TOGETHER = 4
"""Elements of a block whose second pass is asked for together."""


def row_write_layout(geometry) -> data.StructLayout:
    """The reference of row ``lane`` of the tile in a slot.

    ``last`` comes with the tile's last row, and with it ``wide``: a block of the tile that is not of MX9
    has an element -2**m, which takes a second pass.
    """
    return data.StructLayout(
        {
            "enable": 1,
            "operand": OperandSide,
            "lane": range(max(2, *geometry.lanes)),
            "slot": range(max(geometry.most_slots)),
            "reference": reference_layout(),
            "last": 1,
            "wide": 1,
        }
    )


class RowReference(wiring.Component):
    """The largest pass exponent of a row's blocks, and whether one of them is a NaN block.

    Latency ``latency`` cycles from a row's last blocks, throughput all blocks of a beat per cycle; no flow
    control.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    extracted: In(``extracted_layout``)
    row: Out(``row_write_layout``)
    """

    def __init__(self, *, geometry):
        self.levels = (geometry.banks - 1).bit_length()
        self.latency = 3 + self.levels
        super().__init__(
            {"extracted": In(extracted_layout(geometry)), "row": Out(row_write_layout(geometry))}
        )

    def elaborate(self, platform):
        m = Module()
        candidates, nan, wide = [], [], []
        for block in self.extracted.blocks:
            bits = block.bits
            candidate = (bits.exponent + block.is_mx9)[:EXPONENT_BITS]
            candidates.append(candidate & block.enable.replicate(EXPONENT_BITS))
            nan.append(block.enable & (bits.exponent == NAN_EXPONENT))
            least = [q[-1] & (q[:PASS_MAGNITUDE_BITS] == 0) for q in bits.elements]
            # Some elements each: of all of them together there is too much logic behind the extraction.
            for n in range(0, BLOCK_SIZE, _TOGETHER):
                wide.append(Cat(least[n : n + _TOGETHER]).any() & block.enable & ~block.is_mx9)
        largest = [delay(m, f"candidate_{n}", value, 1) for n, value in enumerate(candidates)]
        for level in range(self.levels):
            pairs = zip(largest[::2], largest[1::2], strict=True)
            largest = [
                delay(m, f"largest_{level}_{n}", Mux(a > b, a, b), 1) for n, (a, b) in enumerate(pairs)
            ]
        known = 1 + self.levels
        flags = []
        for name, bits in (("nan", nan), ("wide", wide)):
            of_blocks = delay(m, f"{name}_blocks", Cat(bits), 1, reset_less=False)
            flags.append(delay(m, name, of_blocks.any(), self.levels, reset_less=False))
        nan, wide = flags

        # The row, and for ``wide`` the tile, up to these blocks.
        there = Cat(block.enable for block in self.extracted.blocks).any()
        there, row_ends, tile_ends = (
            delay(m, name, value, known, reset_less=False)
            for name, value in (
                ("there", there),
                ("row_ends", self.extracted.row_last),
                ("tile_ends", self.extracted.last),
            )
        )
        row_begins = delay(m, "row_begins", self.extracted.row_first, known)
        gathered = Signal(reference_layout(), reset_less=True)
        tile_wide, tile_begins = Signal(), Signal(init=1)
        with m.If(there):
            m.d.sync += [
                gathered.nan.eq(nan | (gathered.nan & ~row_begins)),
                tile_wide.eq(wide | (tile_wide & ~tile_begins)),
                tile_begins.eq(tile_ends),
            ]
            with m.If(row_begins | (largest[0] > gathered.exponent)):
                m.d.sync += gathered.exponent.eq(largest[0])

        row = self.row
        m.d.comb += [
            row.enable.eq(delay(m, "enable", row_ends, 2, reset_less=False)),
            row.last.eq(delay(m, "row_last", tile_ends, 2, reset_less=False)),
            row.wide.eq(delay(m, "row_wide", tile_wide, 1)),
            row.reference.eq(delay(m, "reference", gathered, 1)),
        ]
        for name in ("operand", "lane", "slot"):
            value = delay(m, name, getattr(self.extracted, name), self.latency)
            m.d.comb += Value.cast(getattr(row, name)).eq(value)
        return m
