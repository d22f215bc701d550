"""Claims about ``hw.target.multiply_add``: DSP blocks equal their twin."""

import re
from functools import partial

from amaranth.hdl import signed

from hw.target import generic, xilinx
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit
from verif.netlist.models import cell_models

__all__ = ["CLAIMS"]

_A_BITS, _B_BITS, _C_BITS = 19, 18, 48
"""Widths of the factors as the array has them, and of the sum."""


def _models():
    """The cell's model; what it prints and ends with where it is used in another way has no hardware."""
    return re.sub(r"\$display\(.*?\);\s*\$fatal;", "", cell_models("xilinx", ["DSP48E2"]))


def _build(bench):
    """Two in cascade, the second with input registers."""
    inputs = [
        {
            "a": bench.any(f"a{n}", signed(_A_BITS)),
            "double": bench.any(f"double{n}", 1),
            "b": bench.any(f"b{n}", signed(_B_BITS)),
            "c": bench.any(f"c{n}", _C_BITS),
        }
        for n in range(2)
    ]
    sums = []
    for name, target in (("twin", generic), ("cells", xilinx)):
        add = partial(target.multiply_add, bench.m)
        _, cascade = add(f"{name}_first", **inputs[0], cascade=None, extra_cycles=0)
        total, _ = add(f"{name}_second", **inputs[1], cascade=cascade, extra_cycles=1)
        sums.append(total)
    bench.claim("sum", sums[0] == sums[1])


def _edit(what, old, new, function="multiply_add"):
    return Edit(what, xilinx, function, old, new)


CLAIMS = [
    Claim(
        unit="multiply_add on xilinx",
        text="two DSP blocks in cascade equal their twin",
        build=_build,
        method=AnyState(5),
        models=_models,
        mutants=(
            _edit("always doubles", "~double", "Const(0, 1)"),
            _edit("B a cycle early", '"BCASCREG"), 1 + extra_cycles', '"BCASCREG"), 1'),
            _edit("no cascade", "_PRODUCT_AND_C | _CASCADE", "_PRODUCT_AND_C"),
            _edit("without signs", "value[-1].replicate", "Const(0, 1).replicate", "_extended"),
        ),
    )
]
