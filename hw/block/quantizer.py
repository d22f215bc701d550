"""Binary32 to blocks."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import quantize
from golden.formats import (
    BLOCK_SIZE,
    MX9,
    NAN_EXPONENT,
    ONE_PASS_FORMATS,
    PASS_MAGNITUDE_BITS,
    STREAM_FORMATS,
)
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
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout
from hw.target.targets import check_target

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
_LANES = range(BLOCK_SIZE)


class Quantizer(wiring.Component):
    """A block from 16 binary32: ``q_i = clamp(round_half_even(x_i / 2**(E - 127 - t - (m - 1))))``.

    E is the largest exponent field, t of a sub-block 1 if all its exponent fields are below E,
    and the clamp is to ``±(2**m - 1)``. Subnormal inputs count as zero. A NaN or an infinity, or the
    reserved format code, makes a NaN block with t = 0 and q = 0. The format may change with
    every beat.

    Latency ``latency`` cycles, throughput one block per cycle; flow control as in a ``FreePipeline``.

    An element's significand is shifted right by ``E + (7 - m) - t - e_i``, so that the format
    is an offset of the exponent, and what is shifted out is a guard and a sticky bit. Sign and rounding
    are one addition: ``-(k + u) = ~k + (1 - u)``.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS``, for the FIFO behind the stages.

    Members
    -------
    i: In(stream of packets), data ``float_block_layout()``, user the format code
    o: Out(stream of packets), data a packed block, user the format code
    """

    stages = 12
    latency = FreePipeline.latency_of(stages)

    def __init__(self, *, target="generic"):
        check_target(target)
        self.target = target
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
        pipe = FreePipeline(m, i=self.i, o=self.o, stages=self.stages, target=self.target)
        floats = [data.View(binary32_layout(), bits) for bits in self.i.p.data]
        code = Value.cast(self.i.p.user)
        is_ = {fmt: pipe.carry(1, 4, f"is_{fmt}".lower(), is_format(code, fmt)) for fmt in STREAM_FORMATS}

        sign = pipe.carry(1, 9, "sign", [x.sign for x in floats])
        top, largest = self._largest_exponents(pipe, floats)
        header, micro, nan = self._header(pipe, top, largest, any_of(is_.values()))
        shift, zero = self._shifts(pipe, floats, top, micro, is_)
        magnitude, guard, sticky = self._aligned(pipe, floats, shift, zero)

        is_ = {fmt: pipe.carry(5, 8, f"is_{fmt}".lower(), is_[fmt]) for fmt in STREAM_FORMATS}
        late_nan = pipe.carry(6, 8, "nan", nan)
        elements = self._rounded(pipe, sign, magnitude, guard, sticky, is_, late_nan)

        # 12: packing.
        elements = pipe.register(12, "elements", pack_elements(elements))
        m.d.comb += [
            pipe.result.data.eq(Cat(header, elements)),
            Value.cast(pipe.result.user).eq(pipe.carry(1, self.stages, "user", code)),
        ]
        return m

    def _largest_exponents(self, pipe, floats):
        """1 to 4: E by a tournament, whose first round gives the largest exponent of each sub-block."""
        largest = top = pipe.register(1, "largest", _larger([x.exponent for x in floats]))
        for stage in range(2, 5):
            top = pipe.register(stage, "top", _larger(list(top)))
        return top[0], pipe.carry(2, 4, "largest", largest)

    def _header(self, pipe, top, largest, known):
        """5 and 6: what goes before the elements, for the last stage; t of each sub-block; a NaN block.

        In a NaN block E is 255, t and q are 0.
        """
        micro = pipe.register(5, "microexponents", Cat(pair != top for pair in largest))
        nan = pipe.register(5, "nan", (top == NAN_EXPONENT) | ~known)
        exponent = pipe.register(5, "exponent", top)
        exponent = pipe.register(6, "exponent", exponent, only=~nan, otherwise=NAN_EXPONENT)
        shown = pipe.register(6, "microexponents", micro, only=~nan)
        header = Cat(
            pipe.carry(7, self.stages, "exponent", exponent),
            pipe.carry(7, self.stages, "microexponents", shown),
        )
        return header, micro, nan

    def _shifts(self, pipe, floats, top, micro, is_):
        """5 and 6: how far each significand goes right, and whether the element is 0 whatever that says."""
        # 5: E raised by what the format's magnitude is shorter than the longest.
        shorter = {fmt: Const(_MAGNITUDE - fmt.magnitude_bits, _STEPS) for fmt in STREAM_FORMATS}
        raised = pipe.register(
            5, "raised", top + any_of(shorter[fmt] & is_[fmt].replicate(_STEPS) for fmt in STREAM_FORMATS)
        )
        near = pipe.register(5, "near", ~top[_NEAR:].any())
        exponents = pipe.carry(1, 5, "exponents", [x.exponent for x in floats])

        # 6: shifts; half a step less is one less. Elements with exponent field 0 are zeros: only where
        # all exponents are small does the shift not say so by itself.
        twice = [Cat(0, raised) - Cat(micro[k // _PAIR], e) for k, e in enumerate(exponents)]
        shift = pipe.register(6, "shift", [d[1 : len(raised) + 1] for d in twice])
        zero = pipe.register(6, "zero", [~e[:_NEAR].any() for e in exponents], only=near)
        return shift, zero

    def _aligned(self, pipe, floats, shift, zero):
        """7 and 8: significands shifted right: magnitudes, guard bits, and sticky bits of what is lost."""
        lost = len(floats[0].fraction) - (_WINDOW - 1)
        fraction = pipe.carry(1, 6, "fraction", [x.fraction[lost:] for x in floats])
        sticky = pipe.carry(1, 6, "sticky", [x.fraction[:lost].any() for x in floats])

        # 7: all of the shift but its lowest bit. The sticky bit collects what the window loses.
        windows, stickies = [], []
        for distance, kept, gone in zip(shift, fraction, sticky, strict=True):
            window = Cat(kept, 1)
            for step in reversed(range(1, _STEPS)):
                gone = gone | (distance[step] & window[: 1 << step].any())
                window = _shift_right(window, 1 << step, distance[step])
            windows.append(window)
            stickies.append(gone)
        window = pipe.register(7, "window", windows)
        sticky = pipe.register(7, "sticky", stickies)
        odd = pipe.register(7, "odd", [d[0] for d in shift])
        out = pipe.register(7, "out", [d[_STEPS:].any() | z for d, z in zip(shift, zero, strict=True)])

        # 8: the lowest bit of the shift: magnitude and guard.
        sticky = pipe.register(8, "sticky", [sticky[k] | (odd[k] & window[k][0]) for k in _LANES])
        window = [_shift_right(window[k], 1, odd[k]) & ~out[k].replicate(_WINDOW) for k in _LANES]
        guard = pipe.register(8, "guard", [w[0] for w in window])
        magnitude = pipe.register(8, "magnitude", [w[1:] for w in window])
        return magnitude, guard, sticky

    def _rounded(self, pipe, sign, magnitude, guard, sticky, is_, nan):
        """9 to 11: elements in two's complement by format, zero unless the block is of that format."""
        # 9: half-way and above rounds up, unless the magnitude is the format's largest: all ones.
        half = pipe.register(9, "half", [guard[k] & (magnitude[k][0] | sticky[k]) for k in _LANES])
        ones = pipe.register(9, "ones", [_ones(q, is_) for q in magnitude])
        more_ones = pipe.register(
            9, "more_ones", [~is_[MX9] | q[PASS_MAGNITUDE_BITS:].all() for q in magnitude]
        )
        magnitude = pipe.register(9, "magnitude", magnitude)
        wanted = {fmt: pipe.register(9, f"wanted_{fmt}".lower(), is_[fmt] & ~nan) for fmt in STREAM_FORMATS}
        wanted = {fmt: pipe.flags(10, str(fmt).lower(), wanted[fmt]) for fmt in STREAM_FORMATS}

        # 10: k + u, or ~k + (1 - u) if negative: its lowest bit, and the carry out of that.
        up = [half[k] & ~(magnitude[k][0] & ones[k] & more_ones[k]) for k in _LANES]
        low = pipe.register(10, "low", [magnitude[k][0] ^ up[k] for k in _LANES])
        carry = pipe.register(10, "carry", [(magnitude[k][0] ^ sign[k]) & (up[k] ^ sign[k]) for k in _LANES])
        rest = pipe.register(10, "rest", [q[1:] for q in magnitude])
        sign = pipe.register(10, "sign", sign)

        # 11: its other bits, once for each format.
        elements = []
        for k in _LANES:
            upper = Cat(rest[k] ^ sign[k].replicate(len(rest[k])), sign[k])
            carries = [carry[k] & upper[:n].all() if n else carry[k] for n in range(len(upper))]
            elements.append(Cat(low[k], *(bit ^ c for bit, c in zip(upper, carries, strict=True))))
        return {
            fmt: pipe.register(
                11, str(fmt).lower(), [q[: fmt.element_bits] for q in elements], only=wanted[fmt]
            )
            for fmt in STREAM_FORMATS
        }


def _larger(values):
    """The larger one of each pair of values."""
    return [Mux(a > b, a, b) for a, b in zip(values[0::2], values[1::2], strict=True)]


def _ones(magnitude, is_):
    """Whether the bits of a magnitude but its lowest are ones; of MX9, those that other formats have, too."""
    ones, end = Const(1), PASS_MAGNITUDE_BITS
    shorter = [fmt for fmt in ONE_PASS_FORMATS if fmt.magnitude_bits < end]
    for fmt in sorted(shorter, key=lambda fmt: fmt.magnitude_bits, reverse=True):
        ones, end = is_[fmt] | (magnitude[fmt.magnitude_bits : end].all() & ones), fmt.magnitude_bits
    return magnitude[1:end].all() & ones


def _shift_right(value, places, enable):
    """``value >> places`` if ``enable``, else ``value``."""
    kept = len(value) - places
    # Zeros by AND: from a multiplexer Yosys makes resets, one for each lane.
    return Cat(Mux(enable, value[places:], value[:kept]), value[kept:] & ~enable.replicate(places))
