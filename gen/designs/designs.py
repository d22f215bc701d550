"""The designs that can be exported: their parameters, and the meaning of their ports."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from gen.designs.ports import AXI4, AXI4Lite, Interface, Interrupt, Stream
from golden.formats import CODE_BITS, STREAM_FORMATS
from hw.stream.axi_stream import as_top

__all__ = ["DERIVED", "DESIGNS", "PARAMETERS", "Design", "ParameterError"]


class ParameterError(ValueError):
    """A design cannot be built with the given parameters; the message is one line for the user."""

    exit_status = 2


PARAMETERS: Mapping[str, str] = {
    "rows": "rows of processing elements: rows of A, and of D, in a tile",
    "cols": "columns of processing elements: rows of B, which are columns of D, in a tile",
    "drain_rows": "rows of the array that share one way out; divides rows",
    "k_blocks": "most 16-element blocks along K that a tile may have",
    "fraction_bits": "fraction bits of the aligned accumulator",
    "product_stages": "register stages in a product: 2, or 1 for fewer registers at a lower clock frequency",
    "target": "cells of adders, multipliers and memories: generic, or those of an FPGA family",
    "result_words": "columns of D per cycle behind the drain: 4, 8, 16; 0 for what drain and bus can use",
    "adder_lanes": "sums per cycle with a bias or old D: 1, 2, 4, 8, 16; 0 for what the longest tiles need",
    "arrays": "arrays side by side in M, which share the rows of B",
    "stationary_tiles": "tiles of the operand that stays on chip",
    "data_bits": "width of the memory port: 64, 128, 256 or 512",
    "address_bits": "width of the memory port's addresses",
    "queue_depth": "descriptors that wait while a job runs",
    "reorder_columns": "longest row that the engine reorders; 0 leaves the unit out",
    "function_lanes": "results per cycle that go through 2^x: 1, 2, 4, 8 or 16; 0 leaves functions out",
}
"""Every parameter of any design, with its meaning."""

DERIVED: Mapping[str, str] = {
    "drain_rows": "the most, up to 4, that divide rows",
    "function_lanes": "a power of two, rows * cols / 4 or just above, at most 16",
}
"""Defaults that follow from other parameters, in words."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Something to export.

    Parameters
    ----------
    name:
        Its name, and that of the Verilog module unless another one is asked for.
    component:
        Its component, as ``module:class``. Ports that are all packet streams become AXI4-Streams.
    summary:
        What it does, in a line.
    interfaces:
        Meaning of its ports, by the name of the interface.
    latency:
        What the component's attribute ``latency`` counts, or why there is none.
    parameters:
        Names of its parameters, keys of ``PARAMETERS``.
    """

    name: str
    component: str
    summary: str
    interfaces: Mapping[str, Interface]
    latency: str
    parameters: tuple[str, ...] = field(default=())

    @property
    def registers(self) -> str | None:
        """Name of the interface with registers; None if there is none."""
        return next((name for name, what in self.interfaces.items() if isinstance(what, AXI4Lite)), None)

    def top(self, parameters: Mapping[str, Any]) -> Any:
        """Its top, with ``parameters`` in place of defaults; raises ``ParameterError``."""
        if unknown := [name for name in parameters if name not in self.parameters]:
            has = ", ".join(self.parameters) or "none"
            raise ParameterError(f"{self.name} has no parameter {unknown[0]} (it has: {has})")
        module, name = self.component.split(":")
        component = getattr(import_module(module), name)
        try:
            core = component(**parameters)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"{self.name}: {error}") from error
        return as_top(core)

    def defaults(self) -> dict[str, Any]:
        """Default of every parameter; None for one of ``DERIVED``."""
        module, name = self.component.split(":")
        signature = inspect.signature(getattr(import_module(module), name))
        return {name: signature.parameters[name].default for name in self.parameters}


_NAMES = ", ".join(fmt.name for fmt in STREAM_FORMATS)
_ANY = " or ".join(_NAMES.rsplit(", ", 1))
_ALL = " and ".join(_NAMES.rsplit(", ", 1))
_FORMAT_CODE = "format code: " + ", ".join(f"{fmt.code} {fmt.name}" for fmt in STREAM_FORMATS)
_FIRST_CODE, _SECOND_CODE = (f"bits {n * CODE_BITS + CODE_BITS - 1}:{n * CODE_BITS}" for n in range(2))
_BLOCK = "one packed block in the low bits: exponent, microexponents, elements; zero above"
_FLOATS = "16 binary32, element 0 in the low bits"
_LAST_IN = "last beat of a packet; passed on with the beat"
_LAST_OUT = "tlast of the beat that this one was made from"
_BEAT_LATENCY = "cycles from the transfer of a beat to the offer of its result, without stalls"


def _operand(name: str) -> Stream:
    return Stream(
        data=f"one block along K of every row of {name}, row 0 in the low bits, each in a slot of 144 bits"
        " (shorter blocks in the slot's low bits)",
        user=f"{_FORMAT_CODE}; one for all blocks of the beat",
        last="the tile's last block along K",
    )


_ARRAY_PARAMETERS = ("rows", "cols", "drain_rows", "k_blocks", "fraction_bits", "product_stages", "target")

DESIGNS: Mapping[str, Design] = {
    design.name: design
    for design in (
        Design(
            name="mx_quantizer",
            component="hw.block.quantizer:Quantizer",
            summary=f"Quantizes 16 binary32 to a block of {_ANY}.",
            interfaces={
                "s_axis": Stream(data=_FLOATS, user=f"{_FORMAT_CODE}, of the block to make", last=_LAST_IN),
                "m_axis": Stream(data=_BLOCK, user=_FORMAT_CODE, last=_LAST_OUT),
            },
            latency=_BEAT_LATENCY,
            parameters=("target",),
        ),
        Design(
            name="mx_dequantizer",
            component="hw.block.dequantizer:Dequantizer",
            summary=f"Decodes a block of {_ANY} to 16 binary32, exactly.",
            interfaces={
                "s_axis": Stream(data=_BLOCK, user=_FORMAT_CODE, last=_LAST_IN),
                "m_axis": Stream(data=_FLOATS, user=f"{_FORMAT_CODE}, of the block decoded", last=_LAST_OUT),
            },
            latency=_BEAT_LATENCY,
            parameters=("target",),
        ),
        Design(
            name="mx_converter",
            component="hw.block.converter:Converter",
            summary=f"Converts blocks between {_ALL}.",
            interfaces={
                "s_axis": Stream(
                    data=_BLOCK,
                    user=f"{_FIRST_CODE} the {_FORMAT_CODE}, of the block given;"
                    f" {_SECOND_CODE} of the block to make",
                    last=_LAST_IN,
                ),
                "m_axis": Stream(data=_BLOCK, user=_FORMAT_CODE, last=_LAST_OUT),
            },
            latency=_BEAT_LATENCY,
            parameters=("target",),
        ),
        Design(
            name="mx_array",
            component="hw.array.array:Array",
            summary=f"Multiplies tiles: D = A * B^T of {_ALL} blocks along K, D in binary32.",
            interfaces={
                "s_axis_a": _operand("A"),
                "s_axis_b": _operand("B"),
                "m_axis_d": Stream(
                    data="one row of D from each drain segment, cols binary32 each, column 0 of segment 0"
                    " in the low bits; rows ascend within a segment",
                    user="status of the tile: bit 0 A and B differ in their number of blocks, up to k_blocks"
                    " of each, bit 1 more blocks than k_blocks, the rest dropped, bit 2 reserved format code"
                    " in a block not dropped; if any is set, D is NaN",
                    last="the tile's last beat",
                ),
            },
            latency="cycles from the last operand beats of a tile of one pass to the offer of its first rows,"
            " the array at rest before; every further pass adds one",
            parameters=_ARRAY_PARAMETERS,
        ),
        Design(
            name="mx_stream",
            component="hw.array.array_quantizer:ArrayQuantizer",
            summary="Multiplies tiles and quantizes D = A * B^T to blocks, ready for the next product.",
            interfaces={
                "s_axis_a": _operand("A"),
                "s_axis_b": replace(
                    _operand("B"),
                    user=f"{_FIRST_CODE} the {_FORMAT_CODE}, of the beat's blocks;"
                    f" {_SECOND_CODE} of D's blocks, taken from the last beat of the last of the 16 / cols"
                    " tiles that make 16 columns",
                ),
                "m_axis_d": Stream(
                    data=f"16 columns of a row of D, rows ascending: {_BLOCK}",
                    user=_FORMAT_CODE,
                    last="the last row of the 16 columns",
                ),
            },
            latency="cycles from the last operand beats of a tile of one pass to the offer of its first block"
            " where cols is 16, the array at rest before; every further pass adds one",
            parameters=_ARRAY_PARAMETERS,
        ),
        Design(
            name="mixdit_gemm",
            component="hw.gemm.engine:Engine",
            summary="Multiplies matrices in memory: D = A * B^T by descriptor, with bias, accumulation and"
            " quantized results.",
            interfaces={
                "s_axil": AXI4Lite(what="the registers"),
                "m_axi": AXI4(what="memory"),
                "irq": Interrupt(
                    meaning="interrupt: an enabled event is pending; high until software clears it"
                ),
            },
            latency="none: a job takes as long as its passes and its memory",
            parameters=(
                *_ARRAY_PARAMETERS,
                "result_words",
                "adder_lanes",
                "arrays",
                "stationary_tiles",
                "data_bits",
                "address_bits",
                "queue_depth",
                "reorder_columns",
                "function_lanes",
            ),
        ),
    )
}
"""Every design by the name of its Verilog module."""
