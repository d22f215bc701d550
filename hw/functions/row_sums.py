"""Sums over a row's elements."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.functions.norm import LONGEST_ROW, MEAN_BITS, STATISTIC_BITS
from hw.block.binary32 import BINARY32_INFINITE, BINARY32_SIGNIFICAND, binary32_layout
from hw.stream.packet import packet_layout
from hw.target.delay import delay

__all__ = ["FINE_BITS", "SQUARE_DIGIT", "RowSums", "row_beat_layout", "row_sums_layout"]

_EXPONENT = BINARY32_INFINITE.bit_length()
_COARSE = 2 + STATISTIC_BITS
"""Bits of a coarse element, with its sign."""

FINE_BITS = BINARY32_SIGNIFICAND + MEAN_BITS + 1 - _COARSE
"""Bits of an element below its coarse part."""

SQUARE_DIGIT = 18
"""Bits of a square's lower part."""

_SQUARE = 2 * STATISTIC_BITS + 3
"""Bits of a square: that of the most negative coarse element is a power of two."""

_GROWTH = (LONGEST_ROW - 1).bit_length()
"""Bits that a sum over a row has more than its elements."""

_SHAPES = {
    "coarse": signed(_COARSE),
    "fine": unsigned(FINE_BITS),
    "square": unsigned(SQUARE_DIGIT),
    "square_high": unsigned(_SQUARE - SQUARE_DIGIT),
}
"""What an element adds."""

_LANE_CYCLES = 4
"""From an element to what it adds."""


def row_beat_layout(lanes) -> data.StructLayout:
    """A beat of a row's packet: its elements, and beside them the largest exponent field of the row."""
    return packet_layout(data.ArrayLayout(binary32_layout(), lanes), _EXPONENT)


def row_sums_layout() -> data.StructLayout:
    """Sums over a row; carries between them are left to who uses them.

    The sum of elements is ``coarse * 2**FINE_BITS + fine``, that of coarse elements ``coarse``, that of their
    squares ``square_high * 2**SQUARE_DIGIT + square``.
    """
    sums = {name: _grown(shape, _GROWTH) for name, shape in _SHAPES.items()}
    return data.StructLayout({**sums, "largest": _EXPONENT})


def _grown(shape, bits) -> Shape:
    return Shape(shape.width + bits, shape.signed)


class RowSums(wiring.Component):
    """Sums over rows of elements, aligned as in ``golden.functions.norm.row_statistics``.

    Latency ``latency`` cycles from a row's end to its sums, throughput a beat per cycle. A row's end waits
    until the sums of the row before it were taken; all other beats are taken at once.

    Parameters
    ----------
    lanes:
        Elements per beat.

    Members
    -------
    i: In(stream of ``row_beat_layout(lanes)``)
        ``user`` is the row's largest exponent field, in each of its beats; behind the row's end the last one
        has +0.
    o: Out(stream of ``row_sums_layout()``)

    Raises
    ------
    ValueError
        There is no lane.
    """

    def __init__(self, *, lanes):
        if lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {lanes!r}")
        self.lanes = lanes
        self.latency = _LANE_CYCLES + (lanes - 1).bit_length() + 1
        super().__init__(
            {
                "i": In(stream.Signature(row_beat_layout(lanes))),
                "o": Out(stream.Signature(row_sums_layout())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        i, o = self.i, self.o
        # One row at most is between its end and its sums: these find their place free.
        ended = Signal()
        taken = Signal()
        largest = Signal(_EXPONENT, reset_less=True)
        m.d.comb += [
            i.ready.eq(~(ended & i.p.last)),
            taken.eq(i.valid & i.ready),
            o.p.largest.eq(largest),
        ]
        with m.If(o.valid & o.ready):
            m.d.sync += [ended.eq(0), o.valid.eq(0)]
        with m.If(taken & i.p.last):
            m.d.sync += [ended.eq(1), largest.eq(i.p.user)]

        lanes = [_aligned(m, f"lane{k}", i.p.data[k], i.p.user) for k in range(self.lanes)]
        before = self.latency - 1
        adds = delay(m, "adds", taken, before, reset_less=False)
        ends = delay(m, "ends", i.p.last, before)
        with m.If(adds & ends):
            m.d.sync += o.valid.eq(1)
        for name in _SHAPES:
            part = _tree(m, name, [lane[name] for lane in lanes])
            result = getattr(o.p, name)
            so_far = Signal(result.shape(), name=f"{name}_so_far")
            total = Signal.like(so_far, name=f"{name}_total")
            m.d.comb += total.eq((so_far + part)[: len(total)])
            with m.If(adds):
                m.d.sync += so_far.eq(total)
            with m.If(adds & ends):
                m.d.sync += [result.eq(total), so_far.eq(0)]
        return m


def _aligned(m, name, x, largest):
    """What an element adds, by the names of ``_SHAPES``, ``_LANE_CYCLES`` later."""
    size_bits = BINARY32_SIGNIFICAND + MEAN_BITS

    def register(what, shape, value):
        kept = Signal(shape, name=f"{name}_{what}", reset_less=True)
        m.d.sync += kept.eq(value)
        return kept

    # 1: inverted if negative, so that a shift of two's complement cuts downwards. Subnormals are zeros.
    normal = x.exponent.any()
    size = Cat(Const(0, MEAN_BITS), x.fraction & normal.replicate(len(x.fraction)), normal)
    word = register("word", size_bits + 1, Cat(size ^ x.sign.replicate(size_bits), x.sign))
    distance = register("distance", _EXPONENT, (largest - x.exponent)[:_EXPONENT])

    # 2, 3: to the row's largest power of two.
    sign = word[-1].replicate(len(word))
    far = distance[size_bits.bit_length() - 1 :].any()
    word = _shift_right(word, {16: distance[4], 8: distance[3]})
    word = register("near", len(word), Mux(far, sign, word))
    distance = register("rest", 3, distance[:3])
    word = _shift_right(word, {4: distance[2], 2: distance[1], 1: distance[0]})
    word = register("aligned", len(word), word)

    # 4: the square.
    fine = register("fine", FINE_BITS, word[:FINE_BITS])
    coarse = word[FINE_BITS:].as_signed()
    square = register("square", _SQUARE, (coarse * coarse)[:_SQUARE])
    return {
        "coarse": register("coarse", signed(_COARSE), coarse),
        "fine": fine,
        "square": square[:SQUARE_DIGIT],
        "square_high": square[SQUARE_DIGIT:],
    }


def _shift_right(word, steps):
    """``word``, with its sign, moved by the enabled ``steps``."""
    for step, enable in steps.items():
        word = Mux(enable, Cat(word[step:], word[-1].replicate(step)), word)
    return word


def _tree(m, name, values):
    """The sum of ``values`` of one shape, a cycle later for each level of two and two."""
    level = 0
    while len(values) > 1:
        level += 1
        shape = _grown(values[0].shape(), 1)
        sums = []
        for place in range(0, len(values), 2):
            kept = Signal(shape, name=f"{name}_{level}_{place}", reset_less=True)
            m.d.sync += kept.eq(sum(values[place + 1 : place + 2], values[place]))
            sums.append(kept)
        values = sums
    return values[0]
