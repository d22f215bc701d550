"""Blocks of one format as blocks of another."""

from amaranth.hdl import Cat, Module, Shape, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import convert
from golden.formats import BLOCK_SIZE, MX6, MX9, NAN_EXPONENT, ONE_PASS_FORMATS, STREAM_FORMATS
from hw.block.layouts import (
    FormatCode,
    any_of,
    block_fields,
    dropped_bits,
    format_of,
    is_format,
    normal_form,
    pack_elements,
    packed_block_layout,
    slot_of,
    tensor_of,
)
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout
from hw.target.targets import check_target

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

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in a ``FreePipeline``.

    Rounding acts on the eight bits of the element's normal form, in two's complement: the kept bits
    plus one if the rest calls for it. Each target's result is registered alone, zero unless it is
    wanted, so that packing is an OR.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``, for the FIFO behind the stages.

    Members
    -------
    i: In(stream of packets), data a packed block, user ``conversion_layout()``
    o: Out(stream of packets), data a packed block, user the code ``to``
    """

    stages = 7
    latency = FreePipeline.latency_of(stages)

    def __init__(self, *, target="generic"):
        check_target(target)
        self.target = target
        block = packed_block_layout()
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(block, conversion_layout()))),
                "o": Out(stream.Signature(packet_layout(block, FormatCode))),
            }
        )

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
        pipe = FreePipeline(m, i=self.i, o=self.o, stages=self.stages, target=self.target)
        codes = self.i.p.user
        source = {fmt: is_format(codes.from_, fmt) for fmt in STREAM_FORMATS}
        target = {fmt: is_format(codes.to, fmt) for fmt in STREAM_FORMATS}
        early = {fmt: pipe.carry(1, 3, f"to_{fmt}".lower(), target[fmt]) for fmt in STREAM_FORMATS}
        wanted = {fmt: pipe.flags(4, f"to_{fmt}".lower(), early[fmt]) for fmt in STREAM_FORMATS}

        exponent, micro, raw = self._fields(pipe, source, target)
        # 3: normal form n. ``sign`` is n's sign where the result may have to be clamped, else 0, which clamps
        # nothing.
        n = [any_of(normal_form(fmt, raw[fmt][k]) for fmt in STREAM_FORMATS) for k in range(BLOCK_SIZE)]
        keeps = pipe.carry(1, 2, "keeps", ~_narrows(source, target))
        sign = pipe.register(3, "sign", [x[-1] for x in n], only=~keeps)
        n = pipe.register(3, "normal", n)
        wide = [Value.cast(q) for q in raw[MX9]]
        below = pipe.register(3, "below", [w[: dropped_bits(MX6)].any() for w in wide])
        # 4: the same a cycle later, for what takes one more.
        late_n = pipe.register(4, "normal", n)
        late_sign = pipe.register(4, "sign", sign)

        # 5 and 6: each target's elements, zero unless it is the one.
        mx9 = pipe.register(5, "mx9", late_n, only=wanted[MX9])
        mx6 = self._to_mx6(pipe, wide, n, late_n, wanted[MX6])
        short = {
            fmt: self._to_short(pipe, fmt, below, n, late_n, late_sign, wanted[fmt])
            for fmt in ONE_PASS_FORMATS
            if fmt != MX6
        }

        # 6 and 7: packing. MX6's are a stage later than the others.
        others = pipe.register(6, "others", pack_elements({MX9: mx9, **short}))
        elements = pipe.register(7, "elements", others | pack_elements({MX6: mx6}))
        m.d.comb += [
            pipe.result.data.eq(Cat(exponent, micro, elements)),
            Value.cast(pipe.result.user).eq(pipe.carry(1, self.stages, "user", Value.cast(codes.to))),
        ]
        return m

    def _fields(self, pipe, source, target):
        """1 and 2: exponent and microexponents for the last stage; elements, zero unless of the format."""
        block = pipe.register(1, "block", self.i.p.data)
        given = {fmt: pipe.flags(1, str(fmt).lower(), source[fmt]) for fmt in STREAM_FORMATS}
        unknown = pipe.register(1, "unknown", ~any_of(source.values()) | ~any_of(target.values()))

        fields = {fmt: block_fields(fmt, block) for fmt in STREAM_FORMATS}
        raw = {
            fmt: pipe.register(2, f"raw_{fmt}".lower(), fields[fmt].elements, only=given[fmt])
            for fmt in STREAM_FORMATS
        }
        # These two lie in the same place in every format.
        exponent = pipe.register(2, "exponent", fields[MX9].exponent, only=~unknown, otherwise=NAN_EXPONENT)
        micro = pipe.register(2, "microexponents", fields[MX9].microexponents, only=~unknown)
        exponent = pipe.carry(3, self.stages, "exponent", exponent)
        return exponent, pipe.carry(3, self.stages, "microexponents", micro), raw

    def _to_mx6(self, pipe, wide, n, late_n, wanted):
        """3 to 6: elements of MX6. Only MX9's, ``wide``, have bits below theirs, and are rounded.

        ``end`` marks elements whose upper bits are 0111 or 1000: there the lowest bit becomes 1 when rounding
        would pass the end or stay on -2**m.
        """
        drop = dropped_bits(MX6)
        # 3: whether to round up.
        up = pipe.register(3, "mx6_up", [w[drop - 1] & (w[drop] | w[: drop - 1].any()) for w in wide])
        end = pipe.register(3, "mx6_end", [Cat(bit != w[-1] for bit in w[drop + 1 : -1]).all() for w in wide])

        # 4: the lowest bit and the carry above it.
        lanes = list(zip(n, up, end, strict=True))
        low = pipe.register(4, "mx6_low", [(x[drop] ^ u) | (e & (x[drop] != x[-1])) for x, u, e in lanes])
        carry = pipe.register(4, "mx6_carry", [x[drop] & u & ~(e & ~x[-1]) for x, u, e in lanes])

        # 5: all bits, if they are wanted.
        low = pipe.register(5, "mx6_low", low, only=wanted)
        carry = pipe.register(5, "mx6_carry", carry, only=wanted)
        upper = pipe.register(5, "mx6_upper", [x[drop + 1 :] for x in late_n], only=wanted)

        # 6: the carry into the two highest bits.
        low = pipe.register(6, "mx6_low", low)
        high_carry = [c & x[0] & x[1] for x, c in zip(upper, carry, strict=True)]
        high_carry = pipe.register(6, "mx6_high_carry", high_carry)
        carry = pipe.register(6, "mx6_carry", carry)
        upper = pipe.register(6, "mx6_upper", upper)
        return [
            Cat(bit, x[0] ^ c, x[1] ^ (c & x[0]), x[2] ^ h, x[3] ^ (h & x[2]))
            for bit, x, c, h in zip(low, upper, carry, high_carry, strict=True)
        ]

    def _to_short(self, pipe, fmt, below, n, late_n, sign, wanted):
        """4 and 5: elements of a shorter format, in the same way; ``below``: the bits that only MX9 has."""
        lost, drop, name = dropped_bits(MX6), dropped_bits(fmt), fmt.name.lower()
        # 4: whether to round up.
        up = pipe.register(
            4,
            f"{name}_up",
            [x[drop - 1] & (x[drop] | x[lost : drop - 1].any() | b) for x, b in zip(n, below, strict=True)],
        )

        # 5: the lowest bit, the carry above it, and the others, if they are wanted.
        lanes = list(zip(late_n, up, sign, strict=True))
        end = [Cat(bit ^ s for bit in x[drop + 1 : -1]).all() for x, _, s in lanes]
        low = [(x[drop] ^ u) | (e & (x[drop] ^ s)) for (x, u, s), e in zip(lanes, end, strict=True)]
        low = pipe.register(5, f"{name}_low", low, only=wanted)
        carry = [x[drop] & u & ~(x[drop + 1 : -1].all() & ~s) for x, u, s in lanes]
        carry = pipe.register(5, f"{name}_carry", carry, only=wanted)
        upper = pipe.register(5, f"{name}_upper", [x[drop + 1 :] for x in late_n], only=wanted)
        return [
            Cat(bit, *(b ^ (c & x[:k].all() if k else c) for k, b in enumerate(x)))
            for bit, x, c in zip(low, upper, carry, strict=True)
        ]


def _narrows(source, target):
    """Whether the elements of the block to make have fewer bits than those of the block given."""
    return any_of(
        source[a] & target[b]
        for a in STREAM_FORMATS
        for b in STREAM_FORMATS
        if b.element_bits < a.element_bits
    )
