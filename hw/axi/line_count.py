"""How many lines of each turn are on their way to memory."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LineCount"]


class LineCount(wiring.Component):
    """Counts the lines of each turn, from the last beat that a path gives until memory has answered.

    Latency: a cycle from ``taken`` until its turn has not ``ended``, two from ``answered`` until it has: an
    error in the answer is reported before.

    Parameters
    ----------
    turns:
        Number of turns, at least 1.
    most:
        Most lines on their way, of all turns together, at least 1.

    Members
    -------
    taken, answered: In(turns), a line of that turn was taken, one was answered, in this cycle
    ended: Out(turns), no line of that turn is on its way

    Raises
    ------
    TypeError, ValueError
        A parameter is not an integer, or too small.
    """

    def __init__(self, *, turns, most):
        for name, value in (("turns", turns), ("most", most)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        self.turns = turns
        self.most = most
        super().__init__({"taken": In(turns), "answered": In(turns), "ended": Out(turns)})

    def elaborate(self, platform):
        m = Module()
        counts = [Signal(range(self.most + 1), name=f"lines_{turn}") for turn in range(self.turns)]
        # Much hangs on them, so they are registers.
        ends = [Signal(name=f"ended_{turn}", init=1) for turn in range(self.turns)]
        answered = Signal(self.turns)
        m.d.sync += answered.eq(self.answered)
        for turn, (count, ended) in enumerate(zip(counts, ends, strict=True)):
            taken, gone = self.taken[turn], answered[turn]
            m.d.sync += count.eq(count + taken - gone)
            with m.If(taken & ~gone):
                m.d.sync += ended.eq(0)
            with m.Elif(gone & ~taken):
                m.d.sync += ended.eq(count == 1)
        m.d.comb += self.ended.eq(Cat(ends))
        return m
