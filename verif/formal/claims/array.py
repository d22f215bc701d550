"""Claims about ``hw.array.array``: what it sends waits unchanged."""

from amaranth.hdl import Cat

from hw.array.array import Array
from hw.array.drained_grid import DrainedGrid
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]


def _array(bench):
    """Results. What a tile's status is hangs on that there is one for each tile, which is tested."""
    d = bench.unit(Array(rows=2, cols=2, k_blocks=4)).d
    bench.claim("d stable", stable(bench, "d", d.valid, d.ready, Cat(d.p.data, d.p.last)))
    bench.help("empty", bench.inside("unit.grid.reader.empty", 1) == ~d.valid)


CLAIMS = [
    Claim(
        unit="Array, 2 x 2",
        text="results wait unchanged",
        build=_array,
        method=Induction(1, search=75),
        mutants=(
            Edit(
                "a beat is counted while it waits",
                DrainedGrid,
                "elaborate",
                "self.d.valid & self.d.ready",
                "self.d.valid",
            ),
        ),
        quick=False,
    ),
]
