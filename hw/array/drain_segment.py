"""Control of one drain segment: which of its rows leaves."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array.drain_cell import drain_token_layout
from hw.array.operand_lane import reference_layout

__all__ = ["DrainSegment"]


class DrainSegment(wiring.Component):
    """Sends ``rows`` rows of totals to the drain cells, one row per cycle, the top row first.

    The totals of row j are there j cycles after those of row 0, each for one cycle: the rows leave as
    they finish.

    Latency from ``begin`` to the first ``token`` is ``latency`` cycles. Throughput one tile per ``rows``
    cycles; no flow control.

    Parameters
    ----------
    rows:
        Rows of the segment.
    exponent_offset:
        Added to a row's reference on its way out (``DrainCell.exponent_offset``).

    Members
    -------
    begin: In(1), the top row's totals will be there with the first token; void: In(1), the result is void
    references: In(``reference_layout``) x rows, of the rows' oldest tiles, from the top
    taken: Out(rows), the row's reference is used up
    token: Out(``drain_token_layout``), for the segment's first drain cell
    """

    latency = 2

    def __init__(self, *, rows, exponent_offset):
        self.rows = rows
        self.exponent_offset = exponent_offset
        super().__init__(
            {
                "begin": In(1),
                "void": In(1),
                "references": In(reference_layout()).array(rows),
                "taken": Out(rows),
                "token": Out(drain_token_layout(rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        held_void = Signal(reset_less=True)
        void = Signal()
        m.d.comb += void.eq(Mux(self.begin, self.void, held_void))
        m.d.sync += held_void.eq(void)

        row = Signal(range(max(2, self.rows)))
        active, last = Signal(), Signal()
        m.d.comb += [
            active.eq(self.begin | (row != 0)),
            last.eq(active & (row == self.rows - 1)),
            self.taken.eq(Cat(active & (row == j) for j in range(self.rows))),
        ]
        with m.If(active):
            m.d.sync += row.eq(Mux(last, 0, row + 1))

        reference = data.View(reference_layout(), Array(r.as_value() for r in self.references)[row])
        token = Signal(drain_token_layout(self.rows))
        m.d.sync += [
            token.valid.eq(active),
            token.first.eq(self.begin),
            token.last.eq(last),
            token.row.eq(row),
            token.exponent.eq(reference.exponent),
            token.nan.eq(reference.nan | void),
            self.token.eq(token),
            self.token.exponent.eq(token.exponent + self.exponent_offset),
        ]
        return m
