"""Binary32 to blocks."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from golden import quantize
from golden.formats import BLOCK_SIZE, MX9, NAN_EXPONENT, STREAM_FORMATS
from hw.block.binary32 import BINARY32_BITS, binary32_layout
from hw.block.layouts import (
    EXPONENT_BITS,
    FormatCode,
    any_of,
    format_of,
    is_format,
    pack_elements,
    packed_block_layout,
    slot_of,
)
from hw.block.rounding import MAGNITUDE_BITS, STEPS, WINDOW_BITS, aligned, rounded
from hw.block.row_gatherer import RowGatherer
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout
from hw.target.delay import delay
from hw.target.targets import check_target

__all__ = ["WORDS", "Quantizer"]

WORDS = (4, 8, 16)
"""Elements per cycle that a quantizer may take."""

_STAGES = 12
_KNOWN = 4
"""The stage that knows E."""

_NEAR = STEPS + 1
"""Exponents below ``2**_NEAR`` may be closer together than the longest shift."""

_PAIR = MX9.subblock_size


def _part_layout(words) -> data.StructLayout:
    """What the quantizer keeps of ``words`` binary32, whose fractions' low bits only make ``stickies``.

    ``largest`` are the larger exponents of each sub-block.
    """
    return data.StructLayout(
        {
            "signs": words,
            "exponents": data.ArrayLayout(EXPONENT_BITS, words),
            "fractions": data.ArrayLayout(WINDOW_BITS - 1, words),
            "stickies": words,
            "largest": data.ArrayLayout(EXPONENT_BITS, words // _PAIR),
        }
    )


class Quantizer(wiring.Component):
    """A block from 16 binary32: ``q_i = clamp(round_half_even(x_i / 2**(E - 127 - t - (m - 1))))``.

    E is the largest exponent field, t of a sub-block 1 if all its exponent fields are below E,
    and the clamp is to ``±(2**m - 1)``. Subnormal inputs count as zero. A NaN or an infinity, or the
    reserved format code, makes a NaN block with t = 0 and q = 0. The format may change with
    every block.

    The 16 come in parts of ``words``, lowest first; format and ``last`` of a block are those of its last
    part. A block leaves whole.

    Latency ``latency`` cycles from the last part, throughput one part per cycle; flow control as in a
    ``FreePipeline``.

    An element's significand is shifted right by ``E + (7 - m) - t - e_i``, so that the format
    is an offset of the exponent, and what is shifted out is a guard and a sticky bit. Sign and rounding
    are one addition: ``-(k + u) = ~k + (1 - u)``.

    Stages 1 to 4 find E, 5 to 12 quantize a part per cycle. Where a block has several parts, they wait for
    each other between the rounds that find a part's largest exponent and stage 4, which knows that of all.

    Parameters
    ----------
    words:
        Elements per cycle: 4, 8 or 16.
    target:
        One of ``hw.target.targets.TARGETS``, for the FIFO behind the stages.

    Attributes
    ----------
    stages:
        Most blocks under way.

    Members
    -------
    i: In(stream of packets), data ``words`` binary32, user the format code
    o: Out(stream of packets), data a packed block, user the format code

    Raises
    ------
    ValueError
        ``words`` is none of those.
    """

    def __init__(self, *, words=BLOCK_SIZE, target="generic"):
        check_target(target)
        if words not in WORDS:
            raise ValueError(f"words must be one of {', '.join(map(str, WORDS))}, not {words!r}")
        self.words = words
        self.target = target
        self._parts = BLOCK_SIZE // words
        self._rounds = exact_log2(words)
        cycles = _STAGES
        if self._parts > 1:
            cycles = self._rounds + RowGatherer.latency + (_STAGES - _KNOWN) + self._parts - 1
        self.stages = -(-cycles // self._parts) + (self._parts > 1)
        self.latency = FreePipeline.latency_of(cycles)
        floats = data.ArrayLayout(BINARY32_BITS, words)
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(floats, FormatCode))),
                "o": Out(stream.Signature(packet_layout(packed_block_layout(), FormatCode))),
            }
        )

    @staticmethod
    def compute(data, user):
        """``data`` and ``user`` of the beat made from 16 binary32, as integers, by golden."""
        fmt = format_of(user)
        if fmt is None:
            return NAN_EXPONENT, user
        floats = np.frombuffer(data.to_bytes(4 * BLOCK_SIZE, "little"), np.float32)
        return slot_of(quantize(floats, fmt)), user

    def elaborate(self, platform):
        m = Module()
        gathers = self._parts > 1
        pipe = FreePipeline(m, i=self.i, o=self.o, stages=self.stages, gathers=gathers, target=self.target)
        known = self._parts_with_largest(pipe)
        part, top, code = self._gathered(m, pipe, *known) if gathers else known

        is_ = {fmt: is_format(code, fmt) for fmt in STREAM_FORMATS}
        header, micro, nan = self._header(pipe, top, part.largest, any_of(is_.values()))
        shift, zero = self._shifts(pipe, part, top, micro, is_)
        fractions, stickies = (pipe.carry(5, 6, name, part[name]) for name in ("fractions", "stickies"))
        magnitude, guard, sticky = aligned(pipe, fractions, stickies, shift, zero)

        is_ = {fmt: pipe.carry(5, 8, f"is_{fmt}".lower(), is_[fmt]) for fmt in STREAM_FORMATS}
        late_nan = pipe.carry(6, 8, "nan", nan)
        sign = pipe.carry(5, 9, "sign", part.signs)
        elements = rounded(pipe, sign, magnitude, guard, sticky, is_, late_nan)

        # 12: packing.
        elements = {fmt: self._all_parts(pipe, 11, str(fmt).lower(), q) for fmt, q in elements.items()}
        elements = pipe.register(12, "elements", pack_elements(elements))
        m.d.comb += [
            pipe.result.data.eq(Cat(header, elements)),
            Value.cast(pipe.result.user).eq(pipe.carry(5, _STAGES, "user", code)),
        ]
        return m

    def _parts_with_largest(self, pipe):
        """From 1 on: a part, its E, of which the first round gives that of each sub-block, and its format."""
        floats = [data.View(binary32_layout(), bits) for bits in self.i.p.data]
        lost = len(floats[0].fraction) - (WINDOW_BITS - 1)
        largest = top = pipe.register(1, "largest", _larger([x.exponent for x in floats]))
        for stage in range(2, self._rounds + 1):
            top = pipe.register(stage, "top", _larger(list(top)))
        fields = [
            Cat(x.sign for x in floats),
            Cat(x.exponent for x in floats),
            Cat(x.fraction[lost:] for x in floats),
            Cat(x.fraction[:lost].any() for x in floats),
        ]
        fields = pipe.carry(1, self._rounds, "part", Cat(fields))
        largest = pipe.carry(2, self._rounds, "largest", largest)
        part = data.View(_part_layout(self.words), Cat(fields, Value.cast(largest)))
        return part, top[0], pipe.carry(1, self._rounds, "code", Value.cast(self.i.p.user))

    def _gathered(self, m, pipe, part, top, code):
        """Up to 4: the same, of parts that leave one after the other when E of them all is known."""
        row = Cat(code, pipe.carry(1, self._rounds, "last", self.i.p.last))
        m.submodules.gatherer = gatherer = RowGatherer(
            parts=self._parts, shape=len(Value.cast(part)), row_shape=len(row)
        )
        m.d.comb += [
            gatherer.valid.eq(delay(m, "taken", pipe.taken, self._rounds, reset_less=False)),
            gatherer.part.eq(part),
            gatherer.exponent.eq(top),
            gatherer.row.eq(row),
            pipe.coming.eq(delay(m, "last_part", gatherer.o_last, _STAGES - _KNOWN - 1, reset_less=False)),
            pipe.result.last.eq(pipe.carry(5, _STAGES, "last", gatherer.o_row[-1])),
        ]
        part = data.View(_part_layout(self.words), gatherer.o_part)
        return part, gatherer.o_exponent, gatherer.o_row[:-1]

    def _all_parts(self, pipe, stage, name, value):
        """What ``value``, of ``stage``, was for each part of a block, when it is that of the last one."""
        parts = [value]
        for _ in range(self._parts - 1):
            parts.insert(0, pipe.register(stage, f"{name}_before", parts[0]))
        return [one for part in parts for one in part]

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
            pipe.carry(7, _STAGES, "exponent", exponent),
            *self._all_parts(
                pipe, _STAGES, "microexponents", pipe.carry(7, _STAGES, "microexponents", shown)
            ),
        )
        return header, micro, nan

    def _shifts(self, pipe, part, top, micro, is_):
        """5 and 6: how far each significand goes right, and whether the element is 0 whatever that says."""
        # 5: E raised by what the format's magnitude is shorter than the longest.
        shorter = {fmt: Const(MAGNITUDE_BITS - fmt.magnitude_bits, STEPS) for fmt in STREAM_FORMATS}
        raised = pipe.register(
            5, "raised", top + any_of(shorter[fmt] & is_[fmt].replicate(STEPS) for fmt in STREAM_FORMATS)
        )
        near = pipe.register(5, "near", ~top[_NEAR:].any())
        exponents = pipe.register(5, "exponents", part.exponents)

        # 6: shifts; half a step less is one less. Elements with exponent field 0 are zeros: only where
        # all exponents are small does the shift not say so by itself.
        twice = [Cat(0, raised) - Cat(micro[k // _PAIR], e) for k, e in enumerate(exponents)]
        shift = pipe.register(6, "shift", [d[1 : len(raised) + 1] for d in twice])
        zero = pipe.register(6, "zero", [~e[:_NEAR].any() for e in exponents], only=near)
        return shift, zero


def _larger(values):
    """The larger one of each pair of values."""
    return [Mux(a > b, a, b) for a, b in zip(values[0::2], values[1::2], strict=True)]
