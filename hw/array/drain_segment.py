"""Control of one drain segment: which of its rows leaves."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array.drain_cell import drain_token_layout
from hw.array.operand_lane import reference_layout
from hw.target.delay import delay
from hw.target.or_tree import word_in_turn, word_in_turn_latency

__all__ = ["DrainSegment"]


class DrainSegment(wiring.Component):
    """Announces ``rows`` rows of totals to the drain cells, one row per cycle, the top row first.

    The totals of row j are there j cycles after those of row 0, each for one cycle: the rows leave as
    they finish.

    Latency from ``begin`` to the first ``token`` is ``latency_of`` cycles. Throughput one tile per ``rows``
    cycles; no flow control.

    Parameters
    ----------
    rows:
        Rows of the segment.
    exponent_offset:
        Added to a row's reference on its way out (``DrainCell.exponent_offset``).

    Members
    -------
    begin: In(1), the top row's totals will follow the first token; void: In(1), the result is void
    references: In(``reference_layout``) x rows, of the rows' oldest tiles, from the top
    taken: Out(rows), the row's reference is used up
    token: Out(``drain_token_layout``), for the segment's first drain cell
    """

    def __init__(self, *, rows, exponent_offset):
        self.rows = rows
        self.exponent_offset = exponent_offset
        super().__init__(
            {
                "begin": In(1),
                "void": In(1),
                "references": In(reference_layout()).array(rows),
                "taken": Out(rows),
                "token": Out(drain_token_layout()),
            }
        )

    @staticmethod
    def latency_of(rows):
        """Cycles from ``begin`` to the first of ``rows`` tokens."""
        return word_in_turn_latency(rows) + 1

    def elaborate(self, platform):
        m = Module()
        held_void = Signal(reset_less=True)
        void = Signal()
        m.d.comb += void.eq(Mux(self.begin, self.void, held_void))
        m.d.sync += held_void.eq(void)

        # Row j's turn is j cycles after ``begin``.
        turns, closed = [self.begin], [~self.begin]
        for j in range(1, self.rows):
            turns.append(delay(m, f"turn_{j}", turns[-1], 1, reset_less=False))
            closed.append(delay(m, f"closed_{j}", closed[-1], 1))
        running, active = Signal(), Signal()
        m.d.comb += [active.eq(self.begin | running), self.taken.eq(Cat(turns))]
        m.d.sync += running.eq(active & ~turns[-1])

        reference = data.View(reference_layout(), word_in_turn(m, "reference", self.references, closed))
        late = self.latency_of(self.rows) - 1
        m.d.comb += [
            self.token.valid.eq(delay(m, "valid", active, late + 1, reset_less=False)),
            self.token.first.eq(delay(m, "first", self.begin, late + 1, reset_less=False)),
            self.token.last.eq(delay(m, "last", turns[-1], late + 1, reset_less=False)),
        ]
        m.d.sync += [
            self.token.exponent.eq(reference.exponent + self.exponent_offset),
            self.token.nan.eq(reference.nan | delay(m, "void", void, late)),
        ]
        return m
