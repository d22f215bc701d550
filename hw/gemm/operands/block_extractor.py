"""Blocks out of a window of memory, to the banks of an operand buffer."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat
from golden.formats import MX9, PASS_MAGNITUDE_BITS, SLOT_BITS, STREAM_FORMATS
from hw.block.aligned_block import align, aligned_block_layout
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_pattern import HALF_BYTES, block_patterns
from hw.target.delay import delay

__all__ = ["BlockExtractor", "bank_write_layout", "extracted_layout"]


def bank_write_layout(geometry) -> data.StructLayout:
    """Blocks of one lane for the banks of its group, each with its address."""
    bank = data.StructLayout({"enable": 1, "address": range(max(geometry.depth)), "block": SLOT_BITS})
    return data.StructLayout(
        {
            "banks": data.ArrayLayout(bank, geometry.banks),
            "group": range(max(2, -(-max(geometry.lanes) // geometry.banks))),
            "operand": OperandSide,
        }
    )


def extracted_layout(geometry) -> data.StructLayout:
    """Neighbouring blocks of a row, in order; of each whether there is one, and whether it is of MX9.

    The rest as in ``extraction_layout``.
    """
    block = data.StructLayout({"enable": 1, "is_mx9": 1, "bits": aligned_block_layout()})
    return data.StructLayout(
        {
            "blocks": data.ArrayLayout(block, geometry.banks),
            "operand": OperandSide,
            "lane": range(max(2, *geometry.lanes)),
            "slot": range(max(geometry.most_slots)),
            "row_first": 1,
            "row_last": 1,
            "last": 1,
        }
    )


_BYTE = 8


class BlockExtractor(wiring.Component):
    """Blocks that start in a beat, all at once: a shared barrel shifter, then a choice among few places.

    Block i goes to bank ``(lane + address + i) % banks`` at ``address + i`` (`OperandBuffer` says why). The
    halves of an MXINT8 block leave as MX9 blocks with its exponent and zeros for microexponents. All leave
    aligned, as ``aligned_block_layout`` says.

    Latency ``latency`` cycles, one fewer to ``extracted``; throughput all blocks of a beat per cycle; no flow
    control.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    extraction:
        Layout of ``found``.

    Members
    -------
    found: In(stream of ``extraction_layout``), never stalled
    extracted: Out(``extracted_layout``)
    write: Out(``bank_write_layout``)
    """

    latency = 6

    def __init__(self, *, geometry, extraction):
        self.beat_bytes = geometry.beat_bytes
        self.banks = geometry.banks
        self.patterns = block_patterns(self.beat_bytes)
        super().__init__(
            {
                "found": In(stream.Signature(extraction, always_ready=True)),
                "extracted": Out(extracted_layout(geometry)),
                "write": Out(bank_write_layout(geometry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        found = self.found.p
        starts = delay(
            m, "starts", found.starts & self.found.valid.replicate(self.banks), 4, reset_less=False
        )
        patterns = [delay(m, f"pattern_{n}", bit, 3) for n, bit in enumerate(found.pattern)]

        aligned = self._align(m)
        raw = [delay(m, f"raw_{i}", self._choose(aligned, patterns, i), 1) for i in range(self.banks)]
        halves = {
            pattern: delay(m, f"half_{int(pattern.second)}", bit, 1)
            for bit, pattern in zip(patterns, self.patterns, strict=True)
            if pattern.format == MemoryFormat.MXINT8
        }
        selects = [delay(m, f"selects_{i}", self._selects(patterns, i), 2) for i in range(self.banks)]
        enable = delay(m, "enable", starts, 1, reset_less=False)
        joined = self._join_exponents(m, raw, halves, starts)
        blocks = []
        for i, (select, packed) in enumerate(zip(selects, joined, strict=True)):
            block = Signal(aligned_block_layout(), name=f"aligned_{i}")
            m.d.comb += block.as_value().eq(align(select, packed))
            blocks.append(block if MX9 in self._formats(i).values() else _with_middle_of(blocks[0], block))
        for n, entry in enumerate(self.extracted.blocks):
            m.d.comb += [
                entry.enable.eq(enable[n]),
                entry.is_mx9.eq(selects[n][STREAM_FORMATS.index(MX9)]),
                entry.bits.as_value().eq(Value.cast(blocks[n])),
            ]
        for name in ("operand", "lane", "slot", "row_first", "row_last", "last"):
            value = getattr(found, name)
            ends = name in ("row_last", "last")
            value = value & self.found.valid if ends else value
            m.d.comb += Value.cast(getattr(self.extracted, name)).eq(
                delay(m, name, value, self.latency - 1, reset_less=not ends)
            )
        self._to_banks(m, blocks, enable)
        return m

    def _align(self, m):
        """The window from the first block's first byte on, after three cycles."""
        found = self.found.p
        span = self.beat_bytes - 1 + MX9.block_bytes
        bits = delay(m, "window", found.window, 1)
        place = delay(m, "place", found.place, 1)
        # Half of the distance in each of two stages, the far shifts first: fewest bits go through the other.
        low = len(place) // 2
        coarse = Signal(_BYTE * (span + (1 << low) - 1), reset_less=True)
        m.d.sync += coarse.eq((bits >> (place[low:] << (3 + low)))[: len(coarse)])
        aligned = Signal(_BYTE * span, reset_less=True)
        m.d.sync += aligned.eq((coarse >> (delay(m, "fine", place[:low], 1) << 3))[: len(aligned)])
        return aligned

    def _formats(self, i):
        """The format of block i by each pattern that has one: the halves of an MXINT8 block are of MX9."""
        return {
            pattern: MX9
            if pattern.format == MemoryFormat.MXINT8 or i < pattern.leading
            else pattern.format.block_format
            for pattern in self.patterns
            if pattern.distances[i] < self.beat_bytes
        }

    def _choose(self, aligned, applies, i):
        """Block i: a slot from where the pattern says."""
        places = {}
        for bit, pattern in zip(applies, self.patterns, strict=True):
            if pattern in self._formats(i):
                places.setdefault(pattern.distances[i], []).append(bit)
        return reduce(
            or_,
            (
                aligned[_BYTE * start : _BYTE * start + SLOT_BITS] & Cat(bits).any().replicate(SLOT_BITS)
                for start, bits in places.items()
            ),
        )

    def _selects(self, applies, i):
        """The format of block i, as ``align`` takes it."""
        formats = self._formats(i)
        applying = list(zip(applies, self.patterns, strict=True))
        return Cat(
            Cat(bit for bit, pattern in applying if formats.get(pattern) is fmt).any()
            for fmt in STREAM_FORMATS
        )

    def _join_exponents(self, m, raw, halves, starts):
        """Each half of an MXINT8 block with the block's exponent; other blocks as they are."""
        exponent = Signal(_BYTE, reset_less=True)
        elements = _BYTE * HALF_BYTES
        blocks = []
        for i, block in enumerate(raw):
            for pattern, applies in halves.items():
                if pattern not in self._formats(i):
                    continue
                if pattern.second == bool(i % 2):
                    with m.If(starts[i] & applies):
                        m.d.sync += exponent.eq(raw[i][:_BYTE])
                    half = Cat(raw[i][:_BYTE], Const(0, _BYTE), raw[i][_BYTE : _BYTE + elements])
                else:
                    half = Cat(raw[i - 1][:_BYTE] if i else exponent, Const(0, _BYTE), raw[i][:elements])
                block = Mux(applies, half, block)
            blocks.append(delay(m, f"block_{i}", block, 1))
        return blocks

    def _to_banks(self, m, blocks, starts):
        steps = self.banks.bit_length() - 1
        early, lane = self.latency - 1, self.extracted.lane
        address = delay(m, "address", self.found.p.address, early)
        first_bank = (lane + address)[:steps] if steps else Const(0, 1)
        entries = [
            Cat(bit, (address + i)[: len(self.write.banks[0].address)], Value.cast(block))
            for i, (bit, block) in enumerate(zip(starts, blocks, strict=True))
        ]
        for bit in range(steps):
            entries = [
                Mux(first_bank[bit], entries[(n - (1 << bit)) % self.banks], entry)
                for n, entry in enumerate(entries)
            ]
        for n, entry in enumerate(entries):
            bank = self.write.banks[n]
            m.d.sync += [Cat(bank.address, bank.block).eq(entry[1:]), bank.enable.eq(entry[0])]
        m.d.comb += [
            self.write.group.eq(delay(m, "group", lane[steps:], 1)),
            self.write.operand.eq(delay(m, "written_operand", self.extracted.operand, 1)),
        ]


def _with_middle_of(first, block):
    """An aligned ``block``, not of MX9, with the bits that it may have any in as ``first`` has them.

    Then these bits need not be turned to their bank.
    """
    low, top = PASS_MAGNITUDE_BITS, MX9.element_bits - 1
    elements = (
        Cat(element[:low], other[low:top], element[top])
        for element, other in zip(block.elements, first.elements, strict=True)
    )
    return Cat(block.exponent, block.microexponents, *elements)
