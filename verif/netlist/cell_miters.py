"""Every primitive in cells beside its twin, in several widths and shapes."""

from amaranth.hdl import signed

from hw.target.carry_sum import CarryOp
from verif.netlist.miters import CarrySumMiter, MultiplexerMiter

__all__ = ["IN_CELLS", "carry_sums", "flip_table", "multiplexers"]

IN_CELLS = {
    "ecp5": [op for op in CarryOp if op is not CarryOp.PASS_SELECT_XOR],
    "xilinx": [CarryOp.AND_AND, CarryOp.XOR_XOR, CarryOp.CLEAR_XOR],
}
IN_CELLS["xilinx7"] = IN_CELLS["xilinx"]
"""Operations that a target's carry chains have in cells."""

SHAPES = (
    lambda width: (width, width, width, width),
    lambda width: (width, 1, signed(max(1, width - 2)), 1),
    lambda width: (signed(max(1, width - 3)), 1, max(1, width - 2), max(1, width - 1)),
    lambda width: (max(1, width - 4), max(1, width - 3), max(1, width - 2), 0),
)
"""Shapes of a to d: all bits apart, one bit for all, sign extension, zeros above."""


def carry_sums(target):
    """Sums of a target's carry chains."""
    return {
        f"{op.name.lower()}_{width}_{n}": CarrySumMiter(op, target, width, shapes(width))
        for op in IN_CELLS[target]
        for width in (1, 4, 9)
        for n, shapes in enumerate(SHAPES)
    }


def multiplexers(target):
    """Choices among several values."""
    return {f"choices_{n}": MultiplexerMiter(n, target) for n in (1, 2, 3, 4, 5, 8, 9)}


def flip_table(table, bit):
    """``table`` with one bit of each result flipped."""
    return lambda terms: table(terms) ^ 1 << bit
