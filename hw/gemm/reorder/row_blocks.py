"""A row in blocks of 16 elements."""

from dataclasses import dataclass

from amaranth.hdl import Mux, Signal

from golden.formats import BLOCK_SIZE
from hw.gemm.memory_format import units_in

__all__ = ["RowBlocks", "row_blocks"]


@dataclass(frozen=True)
class RowBlocks:
    """The number of a row's last block, and the elements in it."""

    last: Signal
    in_last: Signal


def row_blocks(m, name, columns, *, most):
    """The blocks of a row of ``columns`` elements, of which there are ``most`` at most; combinational."""
    last = Signal(range(most // BLOCK_SIZE + 1), name=f"{name}_last")
    in_last = Signal(range(BLOCK_SIZE + 1), name=f"{name}_in_last")
    rest = columns[: BLOCK_SIZE.bit_length() - 1]
    m.d.comb += [
        last.eq((units_in(columns) - 1)[: len(last)]),
        in_last.eq(Mux(rest == 0, BLOCK_SIZE, rest)),
    ]
    return RowBlocks(last, in_last)
