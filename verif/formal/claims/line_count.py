"""Claims about ``hw.axi.line_count``."""

from amaranth.hdl import Signal

from hw.axi.line_count import LineCount
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_TURNS, _MOST = 2, 72


def _build(bench):
    unit = bench.unit(LineCount(turns=_TURNS, most=_MOST))
    for turn in range(_TURNS):
        answered = bench.register(f"answered_{turn}", unit.answered[turn])
        count = Signal(range(_MOST + 2), name=f"count_{turn}")
        bench.m.d.sync += count.eq(count + unit.taken[turn] - answered)
        bench.assume(~unit.answered[turn] | (count > answered))
        bench.assume(~unit.taken[turn] | (count < _MOST))
        bench.claim(f"ended {turn}", unit.ended[turn] == (count == 0))
        bench.help(f"lines {turn}", bench.inside(f"unit.lines_{turn}", range(_MOST + 1)) == count)
        bench.help(f"some {turn}", ~answered | (count != 0))


CLAIMS = [
    Claim(
        unit="LineCount",
        text="ended while no line of that turn is on its way",
        build=_build,
        method=Induction(2),
        mutants=(
            Edit("ended one early", LineCount, "elaborate", "count == 1", "count == 2"),
            Edit("taken and answered at once", LineCount, "elaborate", "gone & ~taken", "gone"),
        ),
    ),
]
