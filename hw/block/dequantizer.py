"""Blocks to binary32."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import dequantize
from golden.formats import BLOCK_SIZE, MX9, NAN_EXPONENT, STREAM_FORMATS
from hw.block.binary32 import BINARY32_FRACTION, BINARY32_NAN, binary32_layout
from hw.block.layouts import (
    NORMAL_BITS,
    FormatCode,
    any_of,
    block_fields,
    float_block_layout,
    format_of,
    is_format,
    normal_form,
    packed_block_layout,
    tensor_of,
)
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout
from hw.target.targets import check_target

__all__ = ["Dequantizer"]

_PAIR = MX9.subblock_size
_LANES = range(BLOCK_SIZE)

_NAN_ELEMENT = 0b11 << (NORMAL_BITS - 3)
"""The element, in normal form, that is the quiet NaN in a NaN block: 1.5 with one leading zero."""

_NAN_FLOATS = int.from_bytes(np.full(BLOCK_SIZE, BINARY32_NAN, "<u4").tobytes(), "little")


class Dequantizer(wiring.Component):
    """16 binary32 from a block: ``x_i = q_i * 2**(E - 127 - t - (m - 1))``, exactly.

    Every code of MX4, MX6 and MX9 has its exact binary32, subnormal ones included, but for -2**m
    at E = 254 and t = 0, which becomes -infinity. A NaN block, or the reserved format code, makes 16
    times 0x7FC00000. The format may change with every beat.

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in a ``FreePipeline``.

    With n the magnitude of the element's normal form and z its leading zeros, the exponent field is
    ``E + 1 - t - z`` and the fraction n shifted left past its leading one, if that field is at
    least 1; else the field is 0 and the shift ``E + 1 - t``. NaN takes the same way: with E = 255 and t = 0,
    it is what the field 255 and the fraction of 1.5 say.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``, for the FIFO behind the stages.

    Members
    -------
    i: In(stream of packets), data a packed block, user the format code
    o: Out(stream of packets), data ``float_block_layout()``, user the format code
    """

    stages = 8
    latency = FreePipeline.latency_of(stages)

    def __init__(self, *, target="generic"):
        check_target(target)
        self.target = target
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(packed_block_layout(), FormatCode))),
                "o": Out(stream.Signature(packet_layout(float_block_layout(), FormatCode))),
            }
        )

    @staticmethod
    def compute(data, user):
        """``data`` and ``user`` of the beat made from a beat, as integers, by golden."""
        fmt = format_of(user)
        if fmt is None:
            return _NAN_FLOATS, user
        return int.from_bytes(dequantize(tensor_of(fmt, data)).tobytes(), "little"), user

    def elaborate(self, platform):
        m = Module()
        # The FIFO keeps no bits of fractions that are always 0.
        short = stream.Signature(packet_layout(data.ArrayLayout(_short_layout(), BLOCK_SIZE), FormatCode))
        short = short.create(path=("short",))
        pipe = FreePipeline(m, i=self.i, o=short, stages=self.stages, target=self.target)
        normal, first = self._normal_forms(pipe, Value.cast(self.i.p.user))
        # 4: sign and magnitude, which is at most 2**(NORMAL_BITS - 1).
        sign = pipe.register(4, "sign", [q[-1] for q in normal])
        magnitude = pipe.register(4, "magnitude", [Mux(q[-1], -q, q)[:NORMAL_BITS] for q in normal])
        field, shift = self._field(pipe, magnitude, first)

        # 8: the fraction. Only the lowest of subnormal results have its lowest bit.
        magnitude = pipe.carry(5, 7, "magnitude", magnitude)
        fraction = pipe.register(8, "fraction", [(magnitude[k] << shift[k])[:NORMAL_BITS] for k in _LANES])
        field = pipe.register(8, "field", field)
        sign = pipe.carry(5, 8, "sign", sign)
        for k in _LANES:
            result, value, out = pipe.result.data[k], short.p.data[k], self.o.p.data[k]
            m.d.comb += [
                result.fraction.eq(fraction[k]),
                result.exponent.eq(field[k]),
                result.sign.eq(sign[k]),
                out.eq(Cat(Const(0, BINARY32_FRACTION - NORMAL_BITS), value)),
            ]
        m.d.comb += [
            Value.cast(pipe.result.user).eq(pipe.carry(1, self.stages, "user", Value.cast(self.i.p.user))),
            self.o.valid.eq(short.valid),
            short.ready.eq(self.o.ready),
            self.o.p.user.eq(short.p.user),
            self.o.p.last.eq(short.p.last),
        ]
        return m

    def _normal_forms(self, pipe, code):
        """1 to 3: elements, and the field of one without leading zeros by sub-block."""
        is_ = {fmt: is_format(code, fmt) for fmt in STREAM_FORMATS}
        # 1: which format the block is of; none, if it is a NaN block.
        block = pipe.register(1, "block", self.i.p.data)
        nan = block_fields(MX9, self.i.p.data).exponent == NAN_EXPONENT
        given = {fmt: pipe.flags(1, str(fmt).lower(), is_[fmt] & ~nan) for fmt in STREAM_FORMATS}
        nan = pipe.register(1, "nan", nan | ~any_of(is_.values()))

        # 2: elements of each format, zero unless the block is of that format.
        fields = {fmt: block_fields(fmt, block) for fmt in STREAM_FORMATS}
        raw = {
            fmt: pipe.register(2, f"raw_{fmt}".lower(), fields[fmt].elements, only=given[fmt])
            for fmt in STREAM_FORMATS
        }
        # These two lie in the same place in every format.
        exponent = pipe.register(2, "exponent", fields[MX9].exponent, only=~nan, otherwise=NAN_EXPONENT)
        micro = pipe.register(2, "microexponents", fields[MX9].microexponents, only=~nan)
        nan = pipe.register(2, "nan", nan)

        # 3: normal form, and E + 1 - t.
        nan_element = Const(_NAN_ELEMENT, NORMAL_BITS) & nan.replicate(NORMAL_BITS)
        normal = [any_of(normal_form(fmt, raw[fmt][k]) for fmt in STREAM_FORMATS) for k in _LANES]
        normal = pipe.register(3, "normal", [q | nan_element for q in normal])
        return normal, pipe.register(3, "first", [(exponent + ~t)[: len(exponent) + 1] for t in micro])

    def _field(self, pipe, magnitude, first):
        """5 to 7: the exponent field, and how far the magnitude goes left to be the fraction."""
        # 5: leading zeros.
        zeros = pipe.register(5, "zeros", [_leading_zeros(q) for q in magnitude])
        some = pipe.register(5, "some", [q.any() for q in magnitude])
        first = pipe.carry(4, 5, "first", first)

        # 6: the exponent field, where it is not below 0, and the shifts that a fraction may need.
        limits = [first[k // _PAIR] for k in _LANES]
        field = [(limit - z)[: len(limit)] for limit, z in zip(limits, zeros, strict=True)]
        field = pipe.register(6, "field", field)
        places = len(zeros[0]) + 1
        past_one = pipe.register(6, "past_one", [(z + 1)[:places] for z in zeros])
        limits = pipe.register(6, "limits", [limit[:places] for limit in limits])
        some = pipe.register(6, "some", some)

        # 7: a field of 0 is that of a subnormal result or of zero.
        field, below = [f[:-1] for f in field], [f[-1] for f in field]
        lanes = zip(field, below, past_one, limits, strict=True)
        shift = pipe.register(7, "shift", [Mux(f.any() & ~b, past, limit) for f, b, past, limit in lanes])
        lanes = zip(field, below, some, strict=True)
        field = pipe.register(7, "field", [f & (s & ~b).replicate(len(f)) for f, b, s in lanes])
        return field, shift


def _short_layout():
    """A binary32 without the low bits of its fraction."""
    return data.StructLayout({**binary32_layout().members, "fraction": NORMAL_BITS})


def _leading_zeros(value):
    """Leading zeros of ``value``, which is not zero."""
    zeros = Const(0, (len(value) - 1).bit_length())
    for k, bit in enumerate(value):
        zeros = Mux(bit, len(value) - 1 - k, zeros)
    return zeros
