"""What an engine was built with."""

from dataclasses import dataclass, fields
from typing import cast

from golden.drain_rows import usual_drain_rows
from golden.engine.function_lanes import LANES, usual_function_lanes
from golden.formats import BLOCK_SIZE


@dataclass(frozen=True, kw_only=True)
class EngineParameters:
    """The parameters of an engine, which software reads from its registers.

    Parameters
    ----------
    rows, cols:
        Size of one array, and so of the tile of D that it makes; ``cols`` divides 16.
    drain_rows:
        Rows per drain segment of an array; by default ``golden.drain_rows.usual_drain_rows``.
    k_blocks:
        Blocks of 16 along K that a tile holds, an even number, so that no chunk ends within an MXINT8 block.
        A longer K is processed in chunks of so many.
    fraction_bits:
        F of the aligned accumulator.
    arrays:
        Arrays side by side in M, which share the rows of B.
    stationary_tiles:
        Tiles of the stationary operand that stay on chip.
    data_bits:
        Width of the memory port: 64, 128, 256 or 512.
    address_bits:
        Width of its addresses, 16 to 64.
    queue_depth:
        Descriptors that wait while a job runs.
    reorder_columns:
        Longest row that the reorder unit permutes, a block at least; 0 for an engine without it.
    function_lanes:
        Results per cycle and array that go through 2**x, 1, 2, 4, 8 or 16, no more than an array's results
        per cycle; of GELU and SiLU a fourth of that, one at least. As many elements of a row
        are normalized, no more than the reorder unit takes. 0 for an engine without functions, gates,
        divisions and norms; by default ``golden.engine.function_lanes.usual_function_lanes``.
    """

    rows: int = 8
    cols: int = 8
    drain_rows: int = cast(int, None)
    k_blocks: int = 72
    fraction_bits: int = 17
    arrays: int = 1
    stationary_tiles: int = 2
    data_bits: int = 128
    address_bits: int = 40
    queue_depth: int = 4
    reorder_columns: int = 0
    function_lanes: int = cast(int, None)

    def __post_init__(self) -> None:
        if cast(int | None, self.drain_rows) is None:
            object.__setattr__(self, "drain_rows", usual_drain_rows(self.rows))
        if cast(int | None, self.function_lanes) is None:
            lanes = usual_function_lanes(rows=self.rows, cols=self.cols)
            object.__setattr__(self, "function_lanes", lanes)
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{field.name} must be an int, not {value!r}")
        for name, low, high in (
            ("rows", 1, 64),
            ("drain_rows", 1, 64),
            ("k_blocks", 1, 4096),
            ("fraction_bits", 1, 24),
            ("arrays", 1, 16),
            ("stationary_tiles", 1, 255),
            ("address_bits", 16, 64),
            ("queue_depth", 4, 64),
            ("reorder_columns", 0, 65536),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {getattr(self, name)!r}")
        for name, choices in (
            ("cols", (1, 2, 4, 8, 16)),
            ("data_bits", (64, 128, 256, 512)),
            ("function_lanes", (0, *LANES)),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}, not {getattr(self, name)!r}")
        if self.k_blocks % 2:
            raise ValueError(f"k_blocks must be even, not {self.k_blocks!r}")
        if 0 < self.reorder_columns < BLOCK_SIZE:
            raise ValueError(
                f"reorder_columns must be 0, or {BLOCK_SIZE} to 65536, not {self.reorder_columns!r}"
            )
        if self.rows % self.drain_rows:
            raise ValueError(f"drain_rows must divide rows={self.rows}, not {self.drain_rows!r}")
