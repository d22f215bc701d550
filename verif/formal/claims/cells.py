"""Claims about vendors' cells: the proofs of ``verif.netlist``."""

from functools import partial

from hw.target.carry_sum import CarryOp
from hw.target.targets import TARGETS
from verif.formal.prover.cell_claim import CellClaim
from verif.netlist.cell_miters import IN_CELLS, carry_sums, flip_table
from verif.netlist.miters import CarrySumMiter

__all__ = ["CLAIMS"]


def _flipped(target):
    """Sums of two bits in cells one bit of whose table is wrong."""
    return {
        f"bit {bit} of the table": CarrySumMiter(
            CarryOp.XOR_XOR, target, 2, (2, 2, 2, 2), change=("table", partial(flip_table, bit=bit))
        )
        for bit in (0, 3)
    }


CLAIMS = [
    CellClaim(
        unit=f"carry_sum on {target}",
        text="every sum in cells, of 1, 4 and 9 bits, equals its twin",
        miters=carry_sums(target),
        family=TARGETS[target].family,
        changed=_flipped(target),
        quick=False,
    )
    for target in IN_CELLS
]
