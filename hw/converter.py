"""Blocks of one format as blocks of another."""

from amaranth.hdl import Cat, Module, Shape, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import convert
from golden.formats import BLOCK_SIZE, MX4, MX6, MX9, NAN_EXPONENT, STREAM_FORMATS
from hw.block import (
    any_of,
    block_fields,
    dropped_bits,
    format_of,
    is_format,
    normal_form,
    pack_elements,
    slot_of,
    tensor_of,
)
from hw.layouts import FormatCode, packed_block_layout, packet_layout
from hw.pipeline import Pipeline

__all__ = ["Converter", "conversion_layout"]


def conversion_layout() -> data.StructLayout:
    """TUSER of a conversion: ``from_``, the format of the block given, and ``to``, of the block to make."""
    return data.StructLayout({"from_": FormatCode, "to": FormatCode})


class Converter(wiring.Component):
    """Block in another format: ``q_to = clamp(round_half_even(q_from * 2**(m_to - m_from)))``, E and t kept.

    The clamp is to ``±(2**m_to - 1)`` and acts only where m_to < m_from; otherwise the conversion is
    exact, elements -2**m included. NaN blocks follow the same rule and stay NaN blocks. The two
    formats may change with every beat. If either code is the reserved one, the block made is a NaN
    block with t = 0 and q = 0.

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in
    a ``Pipeline`` that is not buffered.

    Rounding acts on the eight bits of the element's normal form, in two's complement: the kept bits
    plus one if the rest calls for it. Each target's result is registered alone, zero unless it is
    wanted, so that packing is an OR.

    Members
    -------
    i: In(stream of packets), data a packed block, user ``conversion_layout()``
    o: Out(stream of packets), data a packed block, user the code ``to``
    """

    latency = 5
    buffered = False

    def __init__(self):
        block = packed_block_layout()
        super().__init__({
            "i": In(stream.Signature(packet_layout(block, conversion_layout()))),
            "o": Out(stream.Signature(packet_layout(block, FormatCode))),
        })

    @staticmethod
    def compute(data, user):
        """``data`` and ``user`` of the beat made from a beat, as integers, by golden."""
        width = Shape.cast(FormatCode).width
        to = user >> width
        source, target = format_of(user % (1 << width)), format_of(to)
        if source is None or target is None:
            return NAN_EXPONENT, to
        return slot_of(convert(tensor_of(source, data), target)), to

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.latency, buffered=self.buffered)
        codes = self.i.p.user
        source = {fmt: is_format(codes.from_, fmt) for fmt in STREAM_FORMATS}
        target = {fmt: is_format(codes.to, fmt) for fmt in STREAM_FORMATS}
        fields = {fmt: block_fields(fmt, self.i.p.data) for fmt in STREAM_FORMATS}

        # What travels along.
        user = pipe.carry(1, self.latency, "user", Value.cast(codes.to))
        known = pipe.register(1, "known", any_of(source.values()) & any_of(target.values()))
        exponent = pipe.register(1, "exponent", fields[MX9].exponent)
        exponent = pipe.register(2, "exponent", exponent, only=known, otherwise=NAN_EXPONENT)
        exponent = pipe.carry(3, self.latency, "exponent", exponent)
        micro = pipe.register(1, "microexponents", fields[MX9].microexponents)
        micro = pipe.register(2, "microexponents", micro, only=known)
        micro = pipe.carry(3, self.latency, "microexponents", micro)
        wanted = {fmt: pipe.carry(1, 3, f"to_{fmt}".lower(), target[fmt]) for fmt in STREAM_FORMATS}

        # 1: elements of each format, zero unless the block is of that format.
        raw = {
            fmt: pipe.register(1, f"raw_{fmt}".lower(), fields[fmt].elements, only=source[fmt])
            for fmt in STREAM_FORMATS
        }
        narrows = pipe.register(1, "narrows", any_of(
            source[a] & target[b]
            for a in STREAM_FORMATS for b in STREAM_FORMATS if b.element_bits < a.element_bits
        ))

        # 2: normal form n. Only MX9 elements have bits below an MX6 element's: round these here.
        # ``sign`` is n's sign where the result may have to be clamped, else 0, which clamps nothing.
        n = [any_of(normal_form(fmt, raw[fmt][k]) for fmt in STREAM_FORMATS) for k in range(BLOCK_SIZE)]
        sign = pipe.register(2, "sign", [x[-1] for x in n], only=narrows)
        n = pipe.register(2, "normal", n)
        drop = dropped_bits(MX6)
        wide = [Value.cast(q) for q in raw[MX9]]
        up = pipe.register(2, "mx6_up", [w[drop - 1] & (w[drop] | w[:drop - 1].any()) for w in wide])
        end = pipe.register(2, "mx6_end", [Cat(bit != w[-1] for bit in w[drop + 1:-1]).all() for w in wide])
        below = pipe.register(2, "mx4_below", [w[:drop].any() for w in wide])

        # 3: MX6 to its lowest bit and the carry above it. ``end`` marks elements whose upper bits are
        # 0111 or 1000: there the lowest bit becomes 1 when rounding would pass the end or stay on -2**m.
        low6 = pipe.register(3, "mx6_low", [
            (x[drop] ^ u) | (e & (x[drop] != x[-1])) for x, u, e in zip(n, up, end, strict=True)])
        carry6 = pipe.register(3, "mx6_carry", [
            x[drop] & u & ~(e & ~x[-1]) for x, u, e in zip(n, up, end, strict=True)])
        ones6 = pipe.register(3, "mx6_ones", [x[drop + 1:-1].all() for x in n])
        lost = drop
        drop = dropped_bits(MX4)
        up = pipe.register(3, "mx4_up", [
            x[drop - 1] & (x[drop] | x[lost:drop - 1].any() | b) for x, b in zip(n, below, strict=True)])
        n = pipe.register(3, "normal", n)
        sign = pipe.register(3, "sign", sign)

        # 4: each target's bits, zero unless it is the one; MX4 as MX6 above.
        exact = pipe.register(4, "mx9", n, only=wanted[MX9])
        low6 = pipe.register(4, "mx6_low", low6, only=wanted[MX6])
        carry6 = pipe.register(4, "mx6_carry", carry6, only=wanted[MX6])
        ones6 = pipe.register(4, "mx6_ones", ones6, only=wanted[MX6])
        upper6 = pipe.register(4, "mx6_upper", [x[lost + 1:] for x in n], only=wanted[MX6])
        low4 = pipe.register(4, "mx4_low", [
            (x[drop] ^ u) | ((x[-2] ^ s) & (x[drop] ^ s)) for x, u, s in zip(n, up, sign, strict=True)
        ], only=wanted[MX4])
        carry4 = pipe.register(4, "mx4_carry", [
            x[drop] & u & ~(x[-2] & ~s) for x, u, s in zip(n, up, sign, strict=True)], only=wanted[MX4])
        upper4 = pipe.register(4, "mx4_upper", [x[drop + 1:] for x in n], only=wanted[MX4])

        # 5: carries, packing.
        elements = pipe.register(5, "elements", pack_elements({
            MX9: exact,
            MX6: [_add(*lane) for lane in zip(low6, upper6, carry6, ones6, strict=True)],
            MX4: [_add(*lane, lane[1][:-1]) for lane in zip(low4, upper4, carry4, strict=True)],
        }))
        m.d.comb += [
            self.o.p.data.eq(Cat(exponent, micro, elements)),
            Value.cast(self.o.p.user).eq(user),
        ]
        return m


def _add(low, upper, carry, ones):
    """An element from its lowest bit, its upper bits and the carry into these.

    ``ones`` says that all upper bits below the sign are 1.
    """
    into = [1, *(upper[:k].all() for k in range(1, len(upper) - 1)), ones]
    return Cat(low, *(bit ^ (carry & passes) for bit, passes in zip(upper, into, strict=True)))
