"""Grids of the peers' elements, each with what brings its results out, as our own grid has it."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array.aligned_accumulator import distance_bits
from hw.array.aligned_to_float import AlignedToFloat
from hw.shared_module import place
from hw.target.delay import delay
from hw.target.multiplexer import multiplexer
from perf.baselines.bfloat16_fma import BFloat16Element, bfloat16_layout
from perf.baselines.mxint8 import MXINT8Element, mxint8_operand_layout, mxint8_steering_layout
from perf.baselines.mxint8_golden import DOT_BITS, LANES, UNIT

__all__ = ["BFloat16Grid", "MXINT8Grid", "mxint8_token_layout"]


def _systolic(m: Module, grid: Any, *, right: Sequence[str], down: Sequence[str]) -> list[list[Any]]:
    """Elements by row; those ports of ``grid`` feed the first column and the first row."""
    ((module, prototype),) = grid.shared_modules.items()
    placed: list[list[Any]] = []
    for r in range(grid.rows):
        row: list[Any] = []
        for c in range(grid.cols):
            element = place(m, f"pe_{r}_{c}", prototype, module=module)
            for name in right:
                source = getattr(row[-1], f"{name}_out") if row else getattr(grid, name)[r]
                m.d.comb += getattr(element, f"{name}_in").eq(source)
            for name in down:
                source = getattr(placed[-1][c], f"{name}_out") if placed else getattr(grid, name)[c]
                m.d.comb += getattr(element, f"{name}_in").eq(source)
            row.append(element)
        placed.append(row)
    return placed


def mxint8_token_layout(rows: int) -> data.StructLayout:
    """The row that leaves now, its largest scale plus ``MXINT8Grid.exponent_offset``, whether it is NaN."""
    return data.StructLayout({"row": range(max(2, rows)), "exponent": signed(11), "nan": 1})


class MXINT8Grid(wiring.Component):
    """``values[c] = binary32(total of element (row, c) * 2**(largest scales of row and column))``.

    Activations move right, weights down, one sum per element; the rows of a tile finish one cycle after
    the other, and leave in this order by one converter to binary32 per column, as in our own grid. Row r
    and column c of the operands come r and c cycles late. ``token`` for row r comes
    ``MXINT8Element.latency`` cycles after the last operands of that row, and its value at column c
    another ``drain_latency`` + c cycles later. Throughput one row per cycle; no flow control.

    Parameters
    ----------
    rows, cols:
        Elements.
    fraction_bits, k_blocks, target:
        As for ``MXINT8Element``.

    Members
    -------
    a: In(``mxint8_operand_layout``) x rows; row: In(``mxint8_steering_layout``) x rows
    b: In(``mxint8_operand_layout``) x cols; column: In, the distance, x cols
    token: In(``mxint8_token_layout``)
    column_scale: In(8) x cols, the largest of the column, with the token; column_nan: In(1) x cols
    values: Out(32) x cols
    """

    modes = MXINT8Element.modes
    drain_latency = 2 + AlignedToFloat.latency

    def __init__(
        self,
        *,
        rows: int = 4,
        cols: int = 4,
        fraction_bits: int = 13,
        k_blocks: int = 72,
        target: str = "generic",
    ):
        self.rows, self.cols = rows, cols
        self.fraction_bits, self.k_blocks, self.target = fraction_bits, k_blocks, target
        self._element = MXINT8Element(fraction_bits=fraction_bits, k_blocks=k_blocks, target=target)
        operand = mxint8_operand_layout()
        super().__init__(
            {
                "a": In(operand).array(rows),
                "row": In(mxint8_steering_layout(fraction_bits)).array(rows),
                "b": In(operand).array(cols),
                "column": In(distance_bits(fraction_bits, DOT_BITS)).array(cols),
                "token": In(mxint8_token_layout(rows)),
                "column_scale": In(8).array(cols),
                "column_nan": In(1).array(cols),
                "values": Out(32).array(cols),
            }
        )

    @property
    def macs_per_pass(self) -> int:
        """Multiply-accumulates in one cycle."""
        return LANES * self.rows * self.cols

    @property
    def exponent_offset(self) -> int:
        """What turns the largest scales of a row and a column into the converter's exponent."""
        return int(127 + AlignedToFloat.weight_of(self._element.width)) - self.fraction_bits - UNIT

    @property
    def shared_modules(self) -> dict[str, MXINT8Element]:
        """Modules placed many times, by the name of their Verilog module."""
        return {"mxint8_pe": self._element}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        elements = _systolic(
            m,
            self,
            right=("a", "row"),
            down=("b", "column"),
        )
        low_bits = self._element.low_bits
        token = self.token
        for c in range(self.cols):
            totals = [row[c].total for row in elements]
            late = Signal.like(self.token, name=f"token_{c}", reset_less=True)
            m.d.sync += late.eq(token)
            # The high half of a total is there one cycle after the low half.
            low = self._chosen(m, f"low_{c}", token.row, [total[:low_bits] for total in totals])
            high = self._chosen(m, f"high_{c}", late.row, [total[low_bits:] for total in totals])
            m.submodules[f"convert_{c}"] = convert = AlignedToFloat(width=self._element.width)
            scale, nan = (
                delay(m, f"{name}_{c}", getattr(self, name)[c], 1) for name in ("column_scale", "column_nan")
            )
            m.d.comb += [
                convert.total.eq(Cat(delay(m, f"late_low_{c}", low, 1), high)),
                convert.exponent.eq(delay(m, f"exponent_{c}", late.exponent + scale, 1)),
                convert.nan.eq(delay(m, f"nan_{c}", late.nan | nan, 1)),
                self.values[c].eq(convert.value),
            ]
            token = late
        return m

    def _chosen(self, m: Module, name: str, row: Any, choices: list[Any]) -> Any:
        """The choice of a row, a cycle later."""
        return delay(m, name, multiplexer(m, f"{name}_choice", row, choices, target=self.target), 1)


class BFloat16Grid(wiring.Component):
    """``values[c] = total of element (drain_row, c)``.

    Activations move right, weights down, ``BFloat16Element.interleaved`` sums per element. At the end of
    a tile operands pause with products of +0 and -0 for as many cycles per row, so that all sums come by
    once for each row, and ``drain_row`` chooses: no element and no column needs memory for results. Row r
    and column c of operands come r and c cycles late; a value follows ``drain_row`` by 1 + c cycles.
    Throughput one value per column and cycle; no flow control.

    Parameters
    ----------
    rows, cols:
        Elements.
    target:
        As for ``BFloat16Element``.

    Members
    -------
    a: In(``bfloat16_layout``) x rows; first: In(1) x rows, as for ``BFloat16Element``
    b: In(``bfloat16_layout``) x cols
    drain_row: In; values: Out(32) x cols
    """

    modes = BFloat16Element.modes

    def __init__(self, *, rows: int = 4, cols: int = 4, target: str = "generic"):
        self.rows, self.cols, self.target = rows, cols, target
        self._element = BFloat16Element(target=target)
        super().__init__(
            {
                "a": In(bfloat16_layout()).array(rows),
                "first": In(1).array(rows),
                "b": In(bfloat16_layout()).array(cols),
                "drain_row": In(range(max(2, rows))),
                "values": Out(32).array(cols),
            }
        )

    @property
    def macs_per_pass(self) -> int:
        """Multiply-accumulates in one cycle."""
        return self.rows * self.cols

    @property
    def shared_modules(self) -> dict[str, BFloat16Element]:
        """Modules placed many times, by the name of their Verilog module."""
        return {"bfloat16_pe": self._element}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        elements = _systolic(m, self, right=("a", "first"), down=("b",))
        row = self.drain_row
        for c in range(self.cols):
            choice = multiplexer(
                m, f"choice_{c}", row, [line[c].total for line in elements], target=self.target
            )
            m.d.comb += self.values[c].eq(delay(m, f"value_{c}", choice, 1))
            row = delay(m, f"drain_row_{c}", row, 1)
        return m
