"""Blocks of one format as blocks of another."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import convert, slots, unpack
from golden.formats import NAN_EXPONENT, MX4, MX6, MX9, STREAM_FORMATS
from hw.block import NORMAL_BITS, any_of, block_fields, is_format, normal_form, slot_of
from hw.layouts import FormatCode, packed_block_layout, packet_layout
from hw.pipeline import Pipeline

__all__ = ["Converter", "conversion_layout"]


def conversion_layout() -> data.StructLayout:
    """TUSER of a conversion: the format that a block is in, and the format to make of it."""
    return data.StructLayout({"from_": FormatCode, "to": FormatCode})


class Converter(wiring.Component):
    """``o = golden.convert(i)``: a block of MX4, MX6 or MX9 as a block of any of them, chosen per beat."""

    latency = 5

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
        known = pipe.register(1, "known", known)
        exponent = pipe.register(1, "exponent", head.exponent)
        microexponents = pipe.register(1, "microexponents", head.microexponents)
        exponent = pipe.register(2, "exponent", exponent, only=known, otherwise=NAN_EXPONENT)
        microexponents = pipe.register(2, "microexponents", microexponents, only=known)
        raw = {
            fmt: pipe.register(1, f"raw_{fmt}".lower(), fields[fmt].elements, only=source[fmt])
            for fmt in STREAM_FORMATS
        }
        narrows = pipe.register(1, "narrows", narrows)
        exponent = pipe.carry(3, self.latency, "exponent", exponent)
        microexponents = pipe.carry(3, self.latency, "microexponents", microexponents)
        user = pipe.carry(1, self.latency, "user", Value.cast(codes.to))
        target = {fmt: pipe.carry(1, 3, f"to_{fmt}".lower(), target[fmt]) for fmt in STREAM_FORMATS}

        # 2: normal form, its sign where rounding may saturate, and what rounding needs of MX9 elements.
        lanes = range(len(head.elements))
        normal = [any_of(normal_form(fmt, raw[fmt][i]) for fmt in STREAM_FORMATS) for i in lanes]
        wide = [Value.cast(element) for element in raw[MX9]]
        end = pipe.register_all(2, "end", [n[-1] for n in normal], only=narrows)
        normal = pipe.register_all(2, "normal", normal)
        up6 = pipe.register_all(2, "mx6_up", [w[2] & (w[3] | w[:2].any()) for w in wide])
        at_end6 = pipe.register_all(2, "mx6_at_end", [
            Cat(bit != w[7] for bit in w[4:7]).all() for w in wide])
        below4 = pipe.register_all(2, "mx4_below", [w[:3].any() for w in wide])

        # 3
        low6 = pipe.register_all(3, "mx6_low", [
            (n[3] ^ up) | (e & (n[3] != n[7])) for n, up, e in zip(normal, up6, at_end6)])
        carry6 = pipe.register_all(3, "mx6_carry", [
            n[3] & up & ~(e & ~n[7]) for n, up, e in zip(normal, up6, at_end6)])
        ones6 = pipe.register_all(3, "mx6_ones", [n[4:7].all() for n in normal])
        up4 = pipe.register_all(3, "mx4_up", [
            n[4] & (n[5] | n[3] | b) for n, b in zip(normal, below4)])
        normal = pipe.register(3, "normal", normal)
        end = pipe.register(3, "end", end)

        # 4: every target's rounding, zero unless it is the block's.
        elements = {}
        elements[MX9] = pipe.register_all(4, "exact", normal, only=target[MX9])
        low6 = pipe.register(4, "mx6_low", low6, only=target[MX6])
        carry6 = pipe.register(4, "mx6_carry", carry6, only=target[MX6])
        ones6 = pipe.register(4, "mx6_ones", ones6, only=target[MX6])
        top6 = pipe.register_all(4, "mx6_top", [n[4:] for n in normal], only=target[MX6])
        low4 = pipe.register_all(4, "mx4_low", [
            (n[5] ^ up) | ((n[6] ^ e) & (n[5] != e)) for n, up, e in zip(normal, up4, end)], only=target[MX4])
        carry4 = pipe.register_all(4, "mx4_carry", [
            n[5] & up & ~(n[6] & ~e) for n, up, e in zip(normal, up4, end)], only=target[MX4])
        top4 = pipe.register_all(4, "mx4_top", [n[6:] for n in normal], only=target[MX4])
        elements[MX6] = [Cat(low6[i], *(top6[i][j] ^ (carry6[i] & top6[i][:j].all()) for j in range(3)), top6[i][3] ^ (carry6[i] & ones6[i])) for i in lanes]
        elements[MX4] = [Cat(low4[i], top4[i][0] ^ carry4[i], top4[i][1] ^ (carry4[i] & top4[i][0])) for i in lanes]
        body = slot_of(exponent, microexponents, elements)
        body = pipe.register(5, "slot", body[len(exponent) + len(microexponents):])
        m.d.comb += [
            self.o.p.data.eq(Cat(exponent, microexponents, body)),
            Value.cast(self.o.p.user).eq(user),
        ]
        return m
