"""Control of one drain segment: when its rows shift, and which row leaves."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.delay import delay
from hw.drain_cell import drain_token_layout
from hw.operand_lane import reference_layout

__all__ = ["DrainSegment"]


class DrainSegment(wiring.Component):
    """Moves ``rows`` rows of totals down their chains, one row per cycle, the bottom row first.

    Row j of the segment (from the top) captures its totals j cycles after row 0. When the bottom row
    has captured, each row in turn moves through the rows below it; row j stops shifting after j
    moves, free for the next tile's totals.

    Latency from ``capture`` to the first ``shift`` is ``rows`` cycles, to the first ``token`` one
    more. Throughput one tile per ``rows`` cycles; no flow control.

    Parameters
    ----------
    rows:
        Rows of the segment.
    exponent_offset:
        Added to a row's reference on its way out (``DrainCell.exponent_offset``).

    Members
    -------
    capture: In(1), the segment's top row captures; void: In(1), the tile's result is void
    references: In(``reference_layout``) x rows, of the rows' oldest tiles, from the top
    taken: Out(rows), the row's reference is used up
    shift: Out(rows), the row takes over its upper neighbour's totals
    token: Out(``drain_token_layout``), for the segment's first drain cell
    """

    def __init__(self, *, rows, exponent_offset):
        self.rows = rows
        self.exponent_offset = exponent_offset
        super().__init__({
            "capture": In(1),
            "void": In(1),
            "references": In(reference_layout()).array(rows),
            "taken": Out(rows),
            "shift": Out(rows),
            "token": Out(drain_token_layout()),
        })

    def elaborate(self, platform):
        m = Module()
        begin = delay(m, "begin", self.capture, self.rows, reset_less=False)
        begin_void = delay(m, "begin_void", self.void, self.rows)
        held_void = Signal(reset_less=True)
        void = Signal()
        m.d.comb += void.eq(Mux(begin, begin_void, held_void))
        m.d.sync += held_void.eq(void)

        phase = Signal(range(max(2, self.rows)))
        active, last = Signal(), Signal()
        m.d.comb += [
            active.eq(begin | (phase != 0)),
            last.eq(active & (phase == self.rows - 1)),
        ]
        with m.If(active):
            m.d.sync += phase.eq(Mux(last, 0, phase + 1))
        m.d.comb += [
            self.shift.eq(Cat(active & (phase < j) if j else Const(0, 1) for j in range(self.rows))),
            self.taken.eq(Cat(active & (phase == self.rows - 1 - j) for j in range(self.rows))),
        ]

        bottom_up = Array(reference.as_value() for reference in reversed(list(self.references)))
        reference = data.View(reference_layout(), bottom_up[phase])
        token = Signal(drain_token_layout())
        m.d.comb += [
            token.valid.eq(active),
            token.first.eq(begin),
            token.last.eq(last),
            token.exponent.eq(reference.exponent + self.exponent_offset),
            token.nan.eq(reference.nan | void),
        ]
        m.d.sync += self.token.eq(token)
        return m
