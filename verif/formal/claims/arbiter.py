"""Claims about ``hw.stream.arbiter``."""

from amaranth.hdl import Cat

from hw.stream.arbiter import Arbiter
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_INPUTS = 3


def _more(payload):
    return payload[0]


def _build(bench):
    unit = bench.unit(Arbiter(shape=4, inputs=_INPUTS, more=_more))
    taken = Cat(source.valid & source.ready for source in unit.i)
    moved = unit.o.valid & unit.o.ready
    bench.claim("one for one", sum(taken) == moved)
    for n, source in enumerate(unit.i):
        bench.claim(f"payload {n}", ~taken[n] | (unit.o.payload == source.payload))
    last = bench.register("last", taken, enable=moved)
    goes_on = bench.register("goes_on", _more(unit.o.payload), enable=moved)
    bench.claim("together", ~(moved & goes_on) | (taken == last))
    for n in range(1, _INPUTS):
        before = Cat(source.valid for source in unit.i[:n])
        bench.claim(f"most urgent {n}", ~(taken[n] & ~goes_on) | ~before.any())
    bench.help("who sent", ~goes_on | (sum(last) == 1))
    may = bench.inside("unit.may", _INPUTS)
    bench.help("who may send", may == (last | (~goes_on).replicate(_INPUTS)))


CLAIMS = [
    Claim(
        unit="Arbiter",
        text="one at a time, the most urgent, what belongs together",
        build=_build,
        method=Induction(1),
        mutants=(
            Edit("all are taken", Arbiter, "elaborate", "free = free & ~offer", "free = free"),
            Edit("nothing belongs together", Arbiter, "_may_send", "taken, everyone", "everyone, everyone"),
        ),
    ),
]
