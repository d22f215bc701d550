"""The standard set: every design whose figures the project states."""

from collections.abc import Mapping, Sequence
from typing import Any

from gen.synth.families import FAMILIES
from gen.synth.flow import Request
from gen.synth.result import Result
from gen.synth.subjects import SUBJECTS, Subject
from gen.synth.synthesis import Part

__all__ = ["BASELINES", "GRID", "GRID_PARTS", "TITLES", "grid_lut_per_mac", "overhead", "standard_set"]

BASELINES: Mapping[str, Subject] = {
    "straightforward": Subject(
        name="straightforward", factory="bench.baselines.straightforward:StraightforwardElement"
    ),
    "floor": Subject(name="floor", factory="bench.baselines.floor:Floor"),
}
"""Designs to compare with."""

GRID = ("array_2x2", "array_4x4", "array_8x8")
"""Runs of the array."""

GRID_PARTS = ("pe", "drain_cell", "segment")
"""Parts of an array that make up its grid: elements, drain segments, drains with their converters."""

TITLES: Mapping[str, str] = {
    "pe": "processing element, carry cells",
    "pe_generic": "processing element, generic Verilog",
    "straightforward": "baseline: straightforward element",
    "floor": "baseline: products and their sum alone",
    "array_2x2": "array 2x2",
    "array_4x4": "array 4x4",
    "array_8x8": "array 8x8",
    "quantizer": "quantizer",
    "converter": "converter",
    "dequantizer": "dequantizer",
    "pe_xcup": "processing element, UltraScale+",
    "pe_xcup_dsp": "processing element, UltraScale+ with DSPs",
    "pe_xc7": "processing element, 7 series",
    "pe_gowin": "processing element, Gowin",
}
"""Name of each run in the report."""


def standard_set(seeds: int) -> dict[str, Request]:
    """The runs by name, each with ``seeds`` placements."""

    def run(design: str, family: str = "ecp5", dsp: bool = False, **parameters: Any) -> Request:
        return Request(
            subject={**SUBJECTS, **BASELINES}[design],
            family=FAMILIES[family],
            parameters=parameters,
            dsp=dsp,
            seeds=seeds,
            by_part=design == "array",
        )

    def array(size: int, drain_rows: int) -> Request:
        return run("array", rows=size, cols=size, drain_rows=drain_rows, target="ecp5")

    requests = {
        "pe": run("pe", target="ecp5"),
        "pe_generic": run("pe", target="generic"),
        "straightforward": run("straightforward"),
        "floor": run("floor", target="ecp5"),
        "array_2x2": array(2, 2),
        "array_4x4": array(4, 4),
        "array_8x8": array(8, 4),
        "quantizer": run("quantizer"),
        "converter": run("converter"),
        "dequantizer": run("dequantizer"),
        "pe_xcup": run("pe", "xcup", target="xilinx"),
        "pe_xcup_dsp": run("pe", "xcup", dsp=True, target="xilinx"),
        "pe_xc7": run("pe", "xc7", target="xilinx"),
        "pe_gowin": run("pe", "gowin", target="generic"),
    }
    assert requests.keys() == TITLES.keys()
    return requests


def _is_grid(part: Part) -> bool:
    return part.name.removeprefix("mx_array_") in GRID_PARTS


def grid_lut_per_mac(result: Result) -> float | None:
    """LUTs per multiply-accumulate of an array's grid, modules counted apart."""
    return _lut(part for part in result.parts if _is_grid(part)) / result.macs if result.parts else None


def overhead(result: Result) -> float | None:
    """Share of an array's LUTs that are not in its elements, modules counted apart."""
    if not result.parts:
        return None
    elements = (part for part in result.parts if part.name.removeprefix("mx_array_") == "pe")
    return 1 - _lut(elements) / _lut(result.parts)


def _lut(parts: Sequence[Part]) -> int:
    return sum(part.area.lut for part in parts)
