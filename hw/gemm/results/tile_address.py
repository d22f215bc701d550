"""Where a tile of D starts in memory."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import FLOAT_BYTES, FLOAT_FORMATS, QUANTIZED_FORMATS, row_bytes
from golden.formats import BLOCK_SIZE, MX9
from hw.axi.line import FRAGMENT_BYTES
from hw.block.layouts import FormatCode
from hw.gemm.jobs.job import result_job_layout
from hw.gemm.memory_format import block_code, each_format, times
from hw.gemm.results.result_dispatch import tile_command_layout

__all__ = ["TileAddress", "placed_tile_layout"]

_FORMATS = (*QUANTIZED_FORMATS, *reversed(FLOAT_FORMATS))
"""Formats of D; the last one, which takes no comparison, is binary32."""

_KEPT = ("rows", "columns", "first", "last", "slot", "begins", "ends")


def placed_tile_layout(*, rows, slots, address_bits, functions=False) -> data.StructLayout:
    """A tile command with addresses of its first row's fragment and of its part of the first vector.

    With ``functions`` also with that of its part of the gate. Accumulation adds nothing to a ``plain`` tile.
    ``code`` is the format of its blocks, where blocks are made.
    """
    command = tile_command_layout(rows=rows, slots=slots, address_bits=address_bits)
    kept = {name: command[name].shape for name in _KEPT}
    return data.StructLayout(
        {
            **kept,
            "plain": 1,
            "address": address_bits,
            "bias_address": address_bits,
            "code": FormatCode,
            **({"gate_address": address_bits} if functions else {}),
        }
    )


class TileAddress(wiring.Component):
    """Adds a tile's column offset to the address of its row.

    Blocks before ``mx9_blocks`` have the size of MX9. Latency: 3 cycles; throughput one command in 3 cycles.

    Parameters
    ----------
    rows, slots, address_bits, functions:
        As in ``tile_command_layout``.

    Members
    -------
    job: In(``result_job_layout``)
    i: In(stream of ``tile_command_layout``)
    o: Out(stream of ``placed_tile_layout``)
    """

    def __init__(self, *, rows, slots, address_bits, functions=False):
        self.address_bits = address_bits
        self.functions = functions
        shapes = {"rows": rows, "slots": slots, "address_bits": address_bits, "functions": functions}
        super().__init__(
            {
                "job": In(result_job_layout(address_bits, functions)),
                "i": In(stream.Signature(tile_command_layout(**shapes))),
                "o": Out(stream.Signature(placed_tile_layout(**shapes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        job, tile = self.job, self.i.p
        block = tile.column_block
        stage = Signal(2)  # 0: wait; 1: product of the block; 2: that of the MX9 blocks; 3: offered
        leading = Signal()
        m.d.comb += leading.eq(block < job.mx9_blocks)

        # Offsets of the column block in each format, and what the MX9 blocks before it take beyond that.
        size = self.address_bits
        offset, bias_offset, in_row = (
            Signal(size, name=name, reset_less=True) for name in ("offset", "bias_offset", "in_row")
        )
        excess = Signal(len(block) + MX9.block_bytes.bit_length(), reset_less=True)
        before = Signal.like(block, reset_less=True)
        for fmt in each_format(m, job.format, _FORMATS):
            m.d.sync += [
                offset.eq(times(block, row_bytes(fmt, BLOCK_SIZE))[:size]),
                excess.eq(times(before, fmt.mx9_excess)),
            ]
        m.d.sync += [
            before.eq(Mux(leading, block, job.mx9_blocks)),
            in_row.eq((tile.row_address + offset)[:size]),
            bias_offset.eq((block * FRAGMENT_BYTES)[:size]),
        ]

        plain = tile.first
        if self.functions:
            gate_address = self._gates(m, tile, bias_offset)
        else:
            plain = plain & ~(tile.last & (job.bias | job.accumulate))
        kept = [getattr(self.o.p, name).eq(getattr(tile, name)) for name in _KEPT]
        m.d.comb += [self.o.valid.eq(stage == 3), self.i.ready.eq(stage == 2)]
        with m.Switch(stage):
            with m.Case(0):
                m.d.sync += stage.eq(self.i.valid)
            with m.Case(1):
                m.d.sync += stage.eq(2)
            with m.Case(2):
                m.d.sync += [
                    stage.eq(3),
                    *kept,
                    self.o.p.plain.eq(plain),
                    self.o.p.address.eq((in_row + excess)[:size]),
                    self.o.p.bias_address.eq(job.bias_address + bias_offset),
                    self.o.p.code.eq(Mux(leading, FormatCode.MX9, block_code(job.format))),
                ]
                if self.functions:
                    m.d.sync += self.o.p.gate_address.eq(gate_address)
            with m.Case(3):
                m.d.sync += stage.eq(Mux(self.o.ready, 0, 3))
        return m

    def _gates(self, m, tile, column_offset):
        """The address of the tile's gates, two cycles after it: behind the rows of scale and bias."""
        job, size = self.job, self.address_bits
        start, row_offset = (
            Signal(size, name=name, reset_less=True) for name in ("gate_start", "row_offset")
        )
        rows_before = Mux(job.scale & job.bias, job.vector_pitch << 1, job.vector_pitch)
        rows_before = Mux(job.scale | job.bias, rows_before, 0)
        m.d.sync += [
            start.eq((job.bias_address + rows_before)[:size]),
            row_offset.eq((tile.row * FLOAT_BYTES)[:size]),
        ]
        return (start + Mux(job.gate_by_row, row_offset, column_offset))[:size]
