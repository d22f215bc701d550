"""What a product costs in cycles, in place of passes: a search weighs plans by it."""

from collections.abc import Mapping
from functools import cache

from golden import MX4, MX6, MX9, Format
from golden.engine import EngineParameters, MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.driver import Gemm
from mixdit.plan.array_passes import Product
from mixdit.sim import Memory
from perf.cycles.changes import check_names
from perf.cycles.port import DRAM, CyclePort

__all__ = ["CyclePrice", "engine_price"]

_ENGINE = {"rows": 8, "cols": 8, "data_bits": 256, "stationary_tiles": 8}

_PARTS = 4
"""Leading MX9 blocks of A are run in so many steps from none to all; between them cycles are interpolated."""

_ROOM = 1 << 16
"""Bytes beyond those of the matrices: what the driver aligns them by."""


def engine_price(changes: Mapping[str, int]) -> "CyclePrice":
    """The price on an engine of 8x8 with some parameters changed; ValueError for wrong ones."""
    check_names(changes)
    return CyclePrice(EngineParameters(**{**_ENGINE, **changes}))


class CyclePrice:
    """Cycles of products on an engine, each by itself: from the doorbell until D, in MX6, is in memory.

    Jobs of a program run into each other; what that saves is left out.

    Parameters
    ----------
    parameters:
        The engine.
    memory:
        How its memory answers.
    """

    def __init__(self, parameters: EngineParameters, memory: Memory = DRAM) -> None:
        self.parameters, self.memory = parameters, memory
        self._cycles = cache(self._run)

    def __call__(self, product: Product) -> float:
        """Cycles of all of a product's ``count``.

        Rows and columns that are averages count in proportion to the nearest whole ones.

        Raises
        ------
        ValueError
            Formats other than MX4, MX6 and MX9, or several beside MX9; A and B of different length.
        """
        if len(product.a) != len(product.b) or not product.a:
            raise ValueError(f"a and b must have as many blocks, not {len(product.a)} and {len(product.b)}")
        rows, columns = (max(1, round(size)) for size in (product.rows, product.columns))
        (a, high_a), (b, high_b) = _leading("a", product.a), _leading("b", product.b)
        blocks = len(product.a)
        ends = [blocks * n // _PARTS for n in range(_PARTS + 1)]
        below = max(end for end in ends if end <= high_a)
        above = min(end for end in ends if end >= high_a)
        low, high = (self._cycles(rows, columns, blocks, a, end, b, high_b) for end in (below, above))
        cycles = low + (high - low) * (high_a - below) / max(1, above - below)
        return product.count * cycles * product.rows * product.columns / (rows * columns)

    def _run(
        self, rows: int, columns: int, blocks: int, a: Format, high_a: int, b: Format, high_b: int
    ) -> int:
        k = blocks * BLOCK_SIZE
        size = 2 * (rows * k + columns * k + rows * columns) + _ROOM
        with CyclePort(self.parameters, size=-(-size // 64) * 64, memory=self.memory) as port:
            gemm = Gemm(port, timeout=float("inf"))
            left = gemm.empty((rows, k), MemoryFormat.of(a), high_a)
            right = gemm.empty((columns, k), MemoryFormat.of(b), high_b)
            result = gemm.empty((rows, columns), MemoryFormat.MX6)
            gemm.clear_counters()
            gemm.product(left, right, result)
            gemm.wait()
            return gemm.counters()["CYCLES"]


def _leading(name: str, formats: tuple[Format, ...]) -> tuple[Format, int]:
    """The format of an operand's rows, and how many of their blocks are MX9 instead."""
    found = set(formats)
    low = found - {MX9}
    if not found <= {MX4, MX6, MX9} or len(low) > 1:
        names = ", ".join(sorted(map(str, found)))
        raise ValueError(f"{name} must be MX9, or MX4 or MX6 with MX9 beside, not {names}")
    if not low or formats.count(MX9) == len(formats):
        return MX9, 0
    return low.pop(), formats.count(MX9)
