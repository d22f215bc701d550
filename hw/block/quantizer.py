"""Binary32 to blocks."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import quantize
from golden.formats import BLOCK_SIZE, MX4, MX6, MX9, NAN_EXPONENT, STREAM_FORMATS
from hw.block.binary32 import binary32_layout
from hw.block.layouts import (
    FormatCode,
    any_of,
    float_block_layout,
    format_of,
    is_format,
    pack_elements,
    packed_block_layout,
    slot_of,
)
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["Quantizer"]

_MAGNITUDE = MX9.magnitude_bits
"""Bits of the longest magnitude; a shorter one is aligned to its low end by a longer shift."""

_WINDOW = _MAGNITUDE + 1
"""Significand bits that a shift of 0 keeps: a magnitude and the guard bit."""

_STEPS = (_WINDOW - 1).bit_length()
"""Bits of a shift by less than the window."""

_NEAR = _STEPS + 1
"""Exponents below ``2**_NEAR`` may be closer together than the longest shift."""

_PAIR = MX9.subblock_size


class Quantizer(wiring.Component):
    """A block from 16 binary32: ``q_i = clamp(round_half_even(x_i / 2**(E - 127 - t - (m - 1))))``.

    E is the largest exponent field, t of a sub-block 1 if all its exponent fields are below E,
    and the clamp is to ``±(2**m - 1)``. Subnormal inputs count as zero. A NaN or an infinity, or the
    reserved format code, makes a NaN block with t = 0 and q = 0. The format may change with
    every beat.

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in
    a buffered ``Pipeline``.

    An element's significand is shifted right by ``E + (7 - m) - t - e_i``, so that the format
    is an offset of the exponent, and what is shifted out is a guard and a sticky bit. Sign and rounding
    are one addition: ``-(k + u) = ~k + (1 - u)``.

    Members
    -------
    i: In(stream of packets), data ``float_block_layout()``, user the format code
    o: Out(stream of packets), data a packed block, user the format code
    """

    latency = 12
    buffered = True

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(float_block_layout(), FormatCode))),
                "o": Out(stream.Signature(packet_layout(packed_block_layout(), FormatCode))),
            }
        )

    @staticmethod
    def compute(data, user):
        """``data`` and ``user`` of the beat made from a beat, as integers, by golden."""
        fmt = format_of(user)
        if fmt is None:
            return NAN_EXPONENT, user
        floats = np.frombuffer(data.to_bytes(4 * BLOCK_SIZE, "little"), np.float32)
        return slot_of(quantize(floats, fmt)), user

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.latency, buffered=self.buffered)
        lanes = range(BLOCK_SIZE)
        x = [data.View(binary32_layout(), self.i.p.data[k]) for k in lanes]
        lost = len(x[0].fraction) - (_WINDOW - 1)
        user = Value.cast(self.i.p.user)
        is_ = {fmt: pipe.carry(1, 4, f"is_{fmt}".lower(), is_format(user, fmt)) for fmt in STREAM_FORMATS}
        user = pipe.carry(1, self.latency, "user", user)

        # 1 to 4: E by a tournament. Its first round gives the largest exponent of each sub-block.
        sign = pipe.carry(1, 9, "sign", [f.sign for f in x])
        fraction = pipe.carry(1, 6, "fraction", [f.fraction[lost:] for f in x])
        sticky = pipe.carry(1, 6, "sticky", [f.fraction[:lost].any() for f in x])
        exponents = pipe.carry(1, 5, "exponents", [f.exponent for f in x])
        largest = top = pipe.register(1, "largest", _larger([f.exponent for f in x]))
        for stage in range(2, 5):
            top = pipe.register(stage, "top", _larger(list(top)))
        largest = pipe.carry(2, 4, "largest", largest)
        top = top[0]

        # 5: microexponents, and E raised by what the format's magnitude is shorter than the longest.
        shorter = {fmt: Const(_MAGNITUDE - fmt.magnitude_bits, _STEPS) for fmt in STREAM_FORMATS}
        raised = pipe.register(
            5, "raised", top + any_of(shorter[fmt] & is_[fmt].replicate(_STEPS) for fmt in STREAM_FORMATS)
        )
        micro = pipe.register(5, "microexponents", Cat(pair != top for pair in largest))
        nan = pipe.register(5, "nan", (top == NAN_EXPONENT) | ~any_of(is_.values()))
        near = pipe.register(5, "near", ~top[_NEAR:].any())
        exponent = pipe.register(5, "exponent", top)
        is_ = {fmt: pipe.carry(5, 8, f"is_{fmt}".lower(), is_[fmt]) for fmt in STREAM_FORMATS}

        # 6: shifts; half a step less is one less. Elements with exponent field 0 are zeros: only where
        # all exponents are small does the shift not say so by itself.
        exponent = pipe.register(6, "exponent", exponent, only=~nan, otherwise=NAN_EXPONENT)
        exponent = pipe.carry(7, self.latency, "exponent", exponent)
        shift = pipe.register(
            6,
            "shift",
            [(Cat(0, raised) - Cat(micro[k // _PAIR], exponents[k]))[1 : len(raised) + 1] for k in lanes],
        )
        zero = pipe.register(6, "zero", [~e[:_NEAR].any() for e in exponents], only=near)
        micro = pipe.register(6, "microexponents", micro, only=~nan)
        micro = pipe.carry(7, self.latency, "microexponents", micro)
        nan = pipe.carry(6, 8, "nan", nan)

        # 7: all of the shift but its lowest bit. The sticky bit collects what the window loses.
        window, gone = [], []
        for k in lanes:
            w, s = Cat(fraction[k], 1), sticky[k]
            for step in reversed(range(1, _STEPS)):
                s = s | (shift[k][step] & w[: 1 << step].any())
                w = _shift_right(w, 1 << step, shift[k][step])
            window.append(w)
            gone.append(s)
        window = pipe.register(7, "window", window)
        gone = pipe.register(7, "gone", gone)
        odd = pipe.register(7, "odd", [d[0] for d in shift])
        out = pipe.register(7, "out", [d[_STEPS:].any() | z for d, z in zip(shift, zero, strict=True)])

        # 8: the lowest bit of the shift: magnitude and guard.
        gone = pipe.register(8, "gone", [gone[k] | (odd[k] & window[k][0]) for k in lanes])
        window = [_shift_right(window[k], 1, odd[k]) & ~out[k].replicate(_WINDOW) for k in lanes]
        guard = pipe.register(8, "guard", [w[0] for w in window])
        kept = pipe.register(8, "kept", [w[1:] for w in window])

        # 9: half-way and above rounds up, unless the magnitude is the format's largest.
        half = pipe.register(9, "half", [guard[k] & (kept[k][0] | gone[k]) for k in lanes])
        bits = [fmt.magnitude_bits for fmt in (MX4, MX6)]
        ones = pipe.register(
            9, "ones", [q[1 : bits[0]].all() & (is_[MX4] | q[bits[0] : bits[1]].all()) for q in kept]
        )
        more_ones = pipe.register(9, "more_ones", [~is_[MX9] | q[bits[1] :].all() for q in kept])
        kept = pipe.register(9, "kept", kept)
        wanted = {fmt: pipe.carry(9, 10, f"wanted_{fmt}".lower(), is_[fmt] & ~nan) for fmt in STREAM_FORMATS}

        # 10: k + u, or ~k + (1 - u) if negative: its lowest bit, and the carry out of that.
        up = [half[k] & ~(kept[k][0] & ones[k] & more_ones[k]) for k in lanes]
        low = pipe.register(10, "low", [kept[k][0] ^ up[k] for k in lanes])
        carry = pipe.register(10, "carry", [(kept[k][0] ^ sign[k]) & (up[k] ^ sign[k]) for k in lanes])
        kept = pipe.register(10, "kept", [q[1:] for q in kept])
        sign = pipe.register(10, "sign", sign)

        # 11: its other bits, once for each format, zero unless the block is of that format.
        elements = []
        for k in lanes:
            upper = Cat(kept[k] ^ sign[k].replicate(len(kept[k])), sign[k])
            elements.append(
                Cat(
                    low[k],
                    *(
                        bit ^ (carry[k] & upper[:n].all()) if n else bit ^ carry[k]
                        for n, bit in enumerate(upper)
                    ),
                )
            )
        elements = {
            fmt: pipe.register(
                11, str(fmt).lower(), [q[: fmt.element_bits] for q in elements], only=wanted[fmt]
            )
            for fmt in STREAM_FORMATS
        }

        # 12: packing.
        elements = pipe.register(12, "elements", pack_elements(elements))
        m.d.comb += [
            self.o.p.data.eq(Cat(exponent, micro, elements)),
            Value.cast(self.o.p.user).eq(user),
        ]
        return m


def _larger(values):
    """The larger one of each pair of values."""
    return [Mux(a > b, a, b) for a, b in zip(values[0::2], values[1::2], strict=True)]


def _shift_right(value, places, enable):
    """``value >> places`` if ``enable``, else ``value``."""
    kept = len(value) - places
    # Zeros by AND: from a multiplexer Yosys makes resets, one for each lane.
    return Cat(Mux(enable, value[places:], value[:kept]), value[kept:] & ~enable.replicate(places))
