"""Blocks of one format as blocks of another."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import convert, slots, unpack
from golden.formats import NAN_EXPONENT, STREAM_FORMATS
from hw.block import NORMAL_BITS, any_of, block_fields, is_format, normal_form, slot_of
from hw.layouts import FormatCode, packed_block_layout, packet_layout
from hw.pipeline import Pipeline

__all__ = ["Converter", "conversion_layout"]


def conversion_layout() -> data.StructLayout:
    """TUSER of a conversion: the format that a block is in, and the format to make of it."""
    return data.StructLayout({"from_": FormatCode, "to": FormatCode})


class Converter(wiring.Component):
    """``o = golden.convert(i)``: a block of MX4, MX6 or MX9 as a block of any of them, chosen per beat."""

    latency = 4

    def __init__(self):
        block = packed_block_layout()
        super().__init__({
            "i": In(stream.Signature(packet_layout(block, conversion_layout()))),
            "o": Out(stream.Signature(packet_layout(block, FormatCode))),
        })

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.latency)
        slot, codes = self.i.p.data, self.i.p.user
        source = {fmt: is_format(codes.from_, fmt) for fmt in STREAM_FORMATS}
        target = {fmt: is_format(codes.to, fmt) for fmt in STREAM_FORMATS}
        known = any_of(source.values()) & any_of(target.values())
        narrows = any_of(
            source[a] & target[b]
            for a in STREAM_FORMATS for b in STREAM_FORMATS if b.element_bits < a.element_bits
        )

        # 1: the elements of each format, zero where the block is of another.
        fields = {fmt: block_fields(fmt, slot) for fmt in STREAM_FORMATS}
        head = fields[STREAM_FORMATS[0]]
        exponent = pipe.register(1, "exponent", head.exponent, only=known, otherwise=NAN_EXPONENT)
        microexponents = pipe.register(1, "microexponents", head.microexponents, only=known)
        raw = {
            fmt: pipe.register(1, f"raw_{fmt}".lower(), fields[fmt].elements, only=source[fmt])
            for fmt in STREAM_FORMATS
        }
        narrows = pipe.register(1, "narrows", narrows)
        exponent = pipe.carry(2, self.latency, "exponent", exponent)
        microexponents = pipe.carry(2, self.latency, "microexponents", microexponents)
        user = pipe.carry(1, self.latency, "user", Value.cast(codes.to))
        target = {fmt: pipe.carry(1, 2, f"to_{fmt}".lower(), target[fmt]) for fmt in STREAM_FORMATS}

        # 2: normal form, and its sign where rounding may saturate.
        lanes = range(len(head.elements))
        normal = [any_of(normal_form(fmt, raw[fmt][i]) for fmt in STREAM_FORMATS) for i in lanes]
        normal, end = (
            pipe.register_all(2, "normal", normal),
            pipe.register_all(2, "end", [n[-1] for n in normal], only=narrows),
        )

        # 3 and 4: every target's rounding, zero unless it is the block's.
        elements = {}
        for fmt in STREAM_FORMATS:
            if fmt.element_bits == NORMAL_BITS:
                elements[fmt] = pipe.register_all(3, "exact", normal, only=target[fmt])
            else:
                elements[fmt] = _round(pipe, fmt, normal, end, only=target[fmt])
        body = slot_of(exponent, microexponents, {
            fmt: pipe_elements for fmt, pipe_elements in elements.items()
        })
        body = pipe.register(4, "slot", body[len(exponent) + len(microexponents):])
        m.d.comb += [
            self.o.p.data.eq(Cat(exponent, microexponents, body)),
            Value.cast(self.o.p.user).eq(user),
        ]
        return m


def _round(pipe, fmt, normal, end, *, only):
    name = str(fmt).lower()
    drop = NORMAL_BITS - fmt.element_bits
    lows, carries, tops, ones = [], [], [], []
    for n, negative in zip(normal, end, strict=True):
        below, guard, low, top = n[:drop - 1], n[drop - 1], n[drop], n[drop + 1:]
        half = Mux(low, ~guard, guard & below.any())
        at_end = Cat(bit != negative for bit in top[:-1]).all() & (top[-1] == negative)
        lows.append(half | (at_end & (low != negative)))
        carries.append(low & guard & ~(at_end & ~negative))
        tops.append(top)
        ones.append(top[:-1].all())
    low, carry, top, ones = (
        pipe.register_all(3, f"{name}_{what}", values, only=only)
        for what, values in (("low", lows), ("carry", carries), ("top", tops), ("ones", ones))
    )
    return [
        Cat(
            low[i],
            *(top[i][j] ^ (carry[i] & top[i][:j].all()) for j in range(len(top[i]) - 1)),
            top[i][-1] ^ (carry[i] & ones[i]),
        )
        for i in range(len(low))
    ]
