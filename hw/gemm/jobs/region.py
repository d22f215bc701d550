"""The memory that a matrix takes."""

from functools import reduce
from operator import or_

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat, Operation
from golden.formats import BLOCK_SIZE, MXINT8
from hw.gemm.jobs.descriptor import descriptor_layout
from hw.gemm.jobs.job import DIMENSION_BITS, PITCH_BITS
from hw.gemm.memory_format import bytes_of, is_one_of, units_in

__all__ = ["REGION_NAMES", "RegionMeasure", "region_layout"]

REGION_NAMES = ("A", "B", "D", "BIAS")
"""Matrices of a job, as error codes name them. B of a reorder job is its permutation, BIAS all of scale, bias
and gate that there are, one after the other, of a product or a norm."""


def region_layout(address_bits) -> data.StructLayout:
    """Addresses from ``start`` to ``last``, both included."""
    return data.StructLayout({"start": address_bits, "last": address_bits})


class RegionMeasure(wiring.Component):
    """``last = address + (rows - 1) * pitch + bytes of a row - 1`` of one matrix, by shift and add.

    Latency about 26 cycles. A region that is ``beyond`` the last address is cut to the addresses' width.

    Parameters
    ----------
    address_bits:
        Width of the memory port's addresses.

    Members
    -------
    d: In(``descriptor_layout``); number: In, of ``REGION_NAMES``; both held
    start: In(1); done: Out(1), for one cycle
    region: Out(``region_layout``)
    misaligned, narrow, beyond: Out(1), address or pitch, pitch less than a row, last byte has no address
    """

    def __init__(self, *, address_bits):
        self.address_bits = address_bits
        super().__init__(
            {
                "d": In(descriptor_layout()),
                "number": In(range(len(REGION_NAMES))),
                "start": In(1),
                "done": Out(1),
                "region": Out(region_layout(address_bits)),
                "misaligned": Out(1),
                "narrow": Out(1),
                "beyond": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        d, number = self.d, self.number
        address = Signal.like(d.a_address, reset_less=True)
        pitch = Signal(PITCH_BITS, reset_less=True)
        rows = Signal(DIMENSION_BITS, reset_less=True)
        length = Signal(DIMENSION_BITS, reset_less=True)
        leading = Signal.like(d.a_mx9_blocks, reset_less=True)
        code = Signal.like(d.a_format, reset_less=True)
        reorder = d.operation == Operation.REORDER
        columns = Mux(reorder, d.n, d.k)
        # Indices take two bytes, like bfloat16.
        b_rows, b_format = Mux(reorder, 1, d.n), Mux(reorder, MemoryFormat.BFLOAT16, d.b_format)
        none_leading, binary32 = Const(0, len(d.d_mx9_blocks)), Const(MemoryFormat.BINARY32, len(d.d_format))
        # Vectors like rows, the last one of which may be longer or shorter.
        vectors, last_length = d.scale + d.bias + d.gate, Mux(d.gate_by_row, d.m, d.n)
        vector_pitch = Mux(vectors == 1, 0, d.n << 2)
        matrices = {
            "A": (d.a_address, d.a_pitch, d.m, columns + d.divide, d.a_mx9_blocks, d.a_format),
            "B": (d.b_address, d.b_pitch, b_rows, columns, d.b_mx9_blocks, b_format),
            "D": (d.d_address, d.d_pitch, d.m, d.n, d.d_mx9_blocks, d.d_format),
            "BIAS": (d.bias_address, vector_pitch, vectors, last_length, none_leading, binary32),
        }
        fields = zip(*(matrices[name] for name in REGION_NAMES), strict=True)
        for chosen, choices in zip((address, pitch, rows, length, leading, code), fields, strict=True):
            # Sizes beyond their limit are a fault of their own.
            m.d.sync += chosen.eq(Value.cast(Array(choices)[number])[: len(chosen)])
        row_bytes = self._row_bytes(m, length, leading, code)

        multiplicand = Signal(PITCH_BITS + DIMENSION_BITS, reset_less=True)
        multiplier = Signal(DIMENSION_BITS, reset_less=True)
        multiplied = Signal()  # the multiplier is 0
        # Nothing that a descriptor can say wraps around.
        last = Signal(max(self.address_bits, len(multiplicand)) + 2, reset_less=True)
        far = Signal(reset_less=True)
        with m.FSM(name="state"):
            with m.State("IDLE"), m.If(self.start):
                m.next = "BLOCKS"
            with m.State("BLOCKS"):
                m.next = "BYTES"
            with m.State("BYTES"):
                m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += [
                    last.eq(address[: self.address_bits] + (row_bytes - 1)),
                    far.eq(address[self.address_bits :].any()),
                    multiplicand.eq(pitch),
                    multiplier.eq(rows - 1),
                    multiplied.eq(rows == 1),
                ]
                m.next = "MULTIPLY"
            with m.State("MULTIPLY"):
                with m.If(multiplied):
                    m.next = "DONE"
                with m.Else():
                    m.d.sync += [
                        multiplicand.eq((multiplicand << 1)[: len(multiplicand)]),
                        multiplier.eq(multiplier >> 1),
                        multiplied.eq(multiplier[1:] == 0),
                    ]
                    with m.If(multiplier[0]):
                        m.d.sync += last.eq(last + multiplicand)
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        by_four = is_one_of(code, [fmt for fmt in MemoryFormat if fmt.alignment == 4])
        m.d.comb += [
            self.region.start.eq(address[: self.address_bits]),
            self.region.last.eq(last[: self.address_bits]),
            self.beyond.eq(far | last[self.address_bits :].any()),
            self.narrow.eq(pitch < row_bytes),
            self.misaligned.eq(address[0] | pitch[0] | (by_four & (address[1] | pitch[1]))),
        ]
        return m

    def _row_bytes(self, m, length, leading, code):
        """Bytes of a row, two cycles after the fields: blocks are counted and formats told apart first."""
        blocks, pairs = Signal(DIMENSION_BITS, reset_less=True), Signal(DIMENSION_BITS, reset_less=True)
        *others, last = MemoryFormat
        is_format = {fmt: Signal(name=f"is_{fmt.name.lower()}") for fmt in others}
        m.d.sync += [
            blocks.eq(units_in(length)),
            pairs.eq(units_in(length, MXINT8.block_size)),
            *(told.eq(code == fmt) for fmt, told in is_format.items()),
        ]
        units = {1: length, BLOCK_SIZE: blocks, MXINT8.block_size: pairs}
        # No element takes more than 4 bytes: with what fills the last block, 3 bits more.
        found = Signal(DIMENSION_BITS + 3, reset_less=True)
        chosen = []
        for fmt, told in {**is_format, last: ~Cat(*is_format.values()).any()}.items():
            size = bytes_of(fmt, units[fmt.unit_elements], leading)[: len(found)]
            chosen.append(size & told.replicate(len(size)))
        m.d.sync += found.eq(reduce(or_, chosen))
        return found
