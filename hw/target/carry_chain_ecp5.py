"""Carry chains of Lattice ECP5 cells, the vendor form of ``hw.target.carry_sum``.

A CCU2C is two bits of a chain. Each bit has a look-up table of four inputs that gives the propagate
bit; where that is 0, the carry out is the table's value for C = D = 0. So a bit can add any two
functions whose first one depends on A and B alone (ECP5 and ECP5-5G sysCLOCK family data sheet
FPGA-DS-02012, slice in ripple mode).
"""

from amaranth.hdl import Cat, Const, Instance, Module, Signal

__all__ = ["carry_chain", "table"]

_CARRY_IN = 0b1010
"""Table of the half cell that starts a chain: with C = 1 it never propagates, and generates A."""


def table(terms):
    """The 16-bit table of a bit that adds ``left, right = terms(a, b, c, d)``.

    Raises ValueError where ``left`` depends on c or d, or ``right`` is not 0 for c = d = 0, which the
    carry logic cannot do.
    """
    init = 0
    for index in range(16):
        left, right = (value & 1 for value in terms(*(index >> bit & 1 for bit in range(4))))
        if left != terms(index & 1, index >> 1 & 1, 0, 0)[0] & 1 or (index < 4 and right):
            raise ValueError(f"no carry cell adds these terms: they fail for d, c, b, a = {index:04b}")
        init |= (left ^ right) << index
    return init


def carry_chain(m: Module, name, terms, a, b, c, d, carry):
    """The sum of ``terms`` bit by bit plus ``carry``, as long as ``a``; ``terms`` as for ``table``.

    The chain starts with half a cell that brings ``carry`` in, so nothing depends on the carry input
    of the first cell, which is left open like the carry output of the last.
    """
    width = len(a)
    cells = (width + 2) // 2
    init = table(terms)
    unused = 2 * cells - width - 1
    pins = [
        Cat(first, x, Const(0, unused)) if unused else Cat(first, x)
        for first, x in ((carry, a), (Const(0, 1), b), (Const(1, 1), c), (Const(0, 1), d))
    ]
    sums = Signal(2 * cells, name=f"{name}_halves")
    carries = Signal(cells, name=f"{name}_carries")
    for cell in range(cells):
        ports = {"p_INJECT1_0": "NO", "p_INJECT1_1": "NO"}
        for half in range(2):
            bit = 2 * cell + half
            ports[f"p_INIT{half}"] = Const(init if bit else _CARRY_IN, 16)
            ports |= {f"i_{pin}{half}": value[bit] for pin, value in zip("ABCD", pins, strict=True)}
            ports[f"o_S{half}"] = sums[bit]
        if cell:
            ports["i_CIN"] = carries[cell - 1]
        if cell < cells - 1:
            ports["o_COUT"] = carries[cell]
        m.submodules[f"{name}_{cell}"] = Instance("CCU2C", **ports)
    return sums[1 : width + 1]
