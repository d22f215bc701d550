"""Blocks to binary32."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import dequantize
from golden.formats import BLOCK_SIZE, MX9, NAN_EXPONENT, STREAM_FORMATS
from hw.block.binary32 import BINARY32_FRACTION, BINARY32_NAN
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
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["Dequantizer"]

_PAIR = MX9.subblock_size
_LANES = range(BLOCK_SIZE)

_NAN_FLOATS = int.from_bytes(np.full(BLOCK_SIZE, BINARY32_NAN, "<u4").tobytes(), "little")


class Dequantizer(wiring.Component):
    """16 binary32 from a block: ``x_i = q_i * 2**(E - 127 - t - (m - 1))``, exactly.

    Every code of MX4, MX6 and MX9 has its exact binary32, subnormal ones included, but for -2**m
    at E = 254 and t = 0, which becomes -infinity. A NaN block, or the reserved format code, makes 16
    times 0x7FC00000. The format may change with every beat.

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in
    a ``Pipeline`` that is not buffered.

    With n the magnitude of the element's normal form and z its leading zeros, the exponent field is
    ``E + 1 - t - z`` and the fraction n shifted left past its leading one, if that field is at
    least 1; else the field is 0 and the shift ``E + 1 - t``.

    Members
    -------
    i: In(stream of packets), data a packed block, user the format code
    o: Out(stream of packets), data ``float_block_layout()``, user the format code
    """

    latency = 8
    buffered = False

    def __init__(self):
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
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.latency, buffered=self.buffered)
        user = Value.cast(self.i.p.user)
        normal, first, nan = self._normal_forms(pipe, user)
        user = pipe.carry(1, self.latency, "user", user)
        # 3: sign and magnitude, which is at most 2**(NORMAL_BITS - 1).
        sign = pipe.register(3, "sign", [q[-1] for q in normal])
        magnitude = pipe.register(3, "magnitude", [Mux(q[-1], -q, q)[:NORMAL_BITS] for q in normal])
        field, shift = self._field(pipe, magnitude, first)

        # 7: the fraction. Only the lowest of subnormal results have its lowest bit.
        magnitude = pipe.carry(4, 6, "magnitude", magnitude)
        fraction = pipe.register(7, "fraction", [(magnitude[k] << shift[k])[:NORMAL_BITS] for k in _LANES])
        field = pipe.register(7, "field", field)
        nan = pipe.carry(3, 7, "nan", nan)
        sign = pipe.carry(4, 7, "sign", sign)

        # 8: packing.
        floats = []
        for k in _LANES:
            below = Const(0, BINARY32_FRACTION - NORMAL_BITS)
            floats.append(Cat(below, fraction[k], field[k], sign[k]))
        floats = pipe.register(8, "floats", Cat(floats), only=~nan, otherwise=_NAN_FLOATS)
        m.d.comb += [
            self.o.p.data.as_value().eq(floats),
            Value.cast(self.o.p.user).eq(user),
        ]
        return m

    def _normal_forms(self, pipe, code):
        """1 and 2: elements; the field of one without leading zeros by sub-block; whether all are NaN."""
        # 1: elements of each format, zero unless the block is of that format.
        is_ = {fmt: is_format(code, fmt) for fmt in STREAM_FORMATS}
        fields = {fmt: block_fields(fmt, self.i.p.data) for fmt in STREAM_FORMATS}
        raw = {
            fmt: pipe.register(1, f"raw_{fmt}".lower(), fields[fmt].elements, only=is_[fmt])
            for fmt in STREAM_FORMATS
        }
        known = pipe.register(1, "known", any_of(is_.values()))
        exponent = pipe.register(1, "exponent", fields[MX9].exponent)
        micro = pipe.register(1, "microexponents", fields[MX9].microexponents)

        # 2: normal form.
        normal = pipe.register(
            2, "normal", [any_of(normal_form(fmt, raw[fmt][k]) for fmt in STREAM_FORMATS) for k in _LANES]
        )
        first = pipe.register(2, "first", [(exponent + ~t)[: len(exponent)] for t in micro])
        nan = pipe.register(2, "nan", ~known | (exponent == NAN_EXPONENT))
        return normal, first, nan

    def _field(self, pipe, magnitude, first):
        """4 to 6: the exponent field, and how far the magnitude goes left to be the fraction."""
        # 4: leading zeros.
        zeros = pipe.register(4, "zeros", [_leading_zeros(q) for q in magnitude])
        some = pipe.register(4, "some", [q.any() for q in magnitude])
        first = pipe.carry(3, 4, "first", first)

        # 5: the exponent field, where it is not below 0, and the shifts that a fraction may need.
        limits = [first[k // _PAIR] for k in _LANES]
        field = [(Cat(limit, 0) - z)[: len(limit) + 1] for limit, z in zip(limits, zeros, strict=True)]
        field = pipe.register(5, "field", field)
        places = len(zeros[0]) + 1
        past_one = pipe.register(5, "past_one", [(z + 1)[:places] for z in zeros])
        limits = pipe.register(5, "limits", [limit[:places] for limit in limits])
        some = pipe.register(5, "some", some)

        # 6: a field of 0 is that of a subnormal result or of zero.
        field, below = [f[:-1] for f in field], [f[-1] for f in field]
        lanes = zip(field, below, past_one, limits, strict=True)
        shift = pipe.register(6, "shift", [Mux(f.any() & ~b, past, limit) for f, b, past, limit in lanes])
        lanes = zip(field, below, some, strict=True)
        field = pipe.register(6, "field", [f & (s & ~b).replicate(len(f)) for f, b, s in lanes])
        return field, shift


def _leading_zeros(value):
    """Leading zeros of ``value``, which is not zero."""
    zeros = Const(0, (len(value) - 1).bit_length())
    for k, bit in enumerate(value):
        zeros = Mux(bit, len(value) - 1 - k, zeros)
    return zeros
