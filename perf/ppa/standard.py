"""The standard set: every design whose figures the project states."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gen.synth.families import FAMILIES
from gen.synth.flow import Request
from gen.synth.result import Result
from gen.synth.subjects import SUBJECTS, Subject
from gen.synth.synthesis import Part

__all__ = [
    "ARRAYS",
    "BASELINES",
    "ENGINES",
    "FUNCTIONS",
    "PEERS",
    "PIECES",
    "PRECISIONS",
    "ROW_UNITS",
    "TITLES",
    "overhead",
    "standard_set",
]

BASELINES: Mapping[str, Subject] = {
    "straightforward": Subject(
        name="straightforward", factory="perf.baselines.straightforward:StraightforwardElement"
    ),
    "floor": Subject(name="floor", factory="perf.baselines.floor:Floor"),
}
"""Designs to compare with."""

PEERS: Mapping[str, Subject] = {
    "mxint8": Subject(name="mxint8", factory="perf.baselines.mxint8:MXINT8Element"),
    "bfloat16": Subject(name="bfloat16", factory="perf.baselines.bfloat16_fma:BFloat16Element"),
    "mxint8_pair": Subject(name="mxint8_pair", factory="perf.baselines.mxint8_pair:MXINT8Pair"),
    "mxint8_grid": Subject(name="mxint8_grid", factory="perf.baselines.peer_grids:MXINT8Grid"),
    "bfloat16_grid": Subject(name="bfloat16_grid", factory="perf.baselines.peer_grids:BFloat16Grid"),
}
"""Elements and grids of other formats, to compare with."""

FUNCTIONS: Mapping[str, Subject] = {
    name: Subject(name=name, factory=factory, elements=lambda unit: 1)
    for name, factory in (
        ("exp2", "hw.functions.exp2:Exp2"),
        ("activation", "hw.functions.activation:Activation"),
        ("product", "hw.functions.product:Multiply17"),
        ("normalize", "hw.functions.normalize:Normalize"),
    )
}
"""Units of what is between products, an element per cycle."""

ROW_UNITS: Mapping[str, Subject] = {
    "reciprocal": Subject(name="reciprocal", factory="hw.functions.reciprocal:Reciprocal"),
    "row_statistics": Subject(
        name="row_statistics",
        factory="hw.functions.row_statistics:RowStatistics",
        elements=lambda unit: int(unit.lanes),
    ),
}
"""Units of what a row needs once."""

PRECISIONS: Mapping[str, str] = {
    "mx6xmx6": "MX6 x MX6",
    "mx9xmx6": "MX9 x MX6",
    "mx9xmx9": "MX9 x MX9",
    "mxint8": "MXINT8",
    "bfloat16": "bfloat16",
}
"""Name of each precision in the report."""

ARRAYS = ("array_2x2", "array_4x4", "array_8x8")
"""Runs of the whole array."""

ENGINES: Mapping[str, str] = {"engine_4x4": "array_4x4", "engine_8x8": "array_8x8"}
"""Runs of the engine, each with that of the array in it."""

PIECES: Mapping[str, Sequence[str]] = {"engine_8x8": ("engine_8x8_results", "engine_8x8_remainder")}
"""Runs of what an engine has beside its array, by that of the engine, which is larger than the device."""

_ARRAY_MODULES = ("mx_array_pe", "mx_array_row_memory", "mx_array_column_memory", "mx_array_drain_cell")
"""What handles data in an engine's array. Its control stays with the remainder: the engine waits for it."""

_RESULT_PATH = "mx_engine.datapath.result_path_0"

TITLES: Mapping[str, str] = {
    "pe": "processing element, carry cells",
    "pe_generic": "processing element, generic Verilog",
    "pe_one_stage": "processing element, carry cells, one product stage",
    "straightforward": "baseline: straightforward element",
    "floor": "baseline: products and their sum alone",
    "grid_2x2": "2x2 elements, drain and converters to binary32",
    "grid_4x4": "4x4 elements, drain and converters to binary32",
    "grid_8x8": "8x8 elements with one product stage, drain and converters to binary32",
    "array_2x2": "array 2x2 with loaders",
    "array_4x4": "array 4x4 with loaders",
    "array_8x8": "array 8x8 with loaders, one product stage",
    "engine_4x4": "engine 4x4",
    "engine_8x8": "engine 8x8, one product stage",
    "engine_8x8_results": "engine 8x8: its result path",
    "engine_8x8_remainder": "engine 8x8: all but array and result path",
    "quantizer": "quantizer",
    "converter": "converter",
    "dequantizer": "dequantizer",
    "engine_4x4_functions": "engine 4x4 with functions, four lanes in DSPs",
    "exp2": "2^x",
    "activation": "GELU and SiLU",
    "product": "product of floats cut to 17 bits",
    "normalize": "element of a norm",
    "exp2_dsp": "2^x in DSPs",
    "activation_dsp": "GELU and SiLU in DSPs",
    "product_dsp": "product of floats cut to 17 bits, in DSPs",
    "normalize_dsp": "element of a norm, in DSPs",
    "reciprocal": "one over a float, a bit per cycle",
    "row_statistics_dsp": "statistics of a norm's rows, four elements per cycle, in DSPs",
    "exp2_xilinx_dsp": "2^x, UltraScale+ with DSPs",
    "activation_xilinx_dsp": "GELU and SiLU, UltraScale+ with DSPs",
    "product_xilinx_dsp": "product of floats cut to 17 bits, UltraScale+ with DSPs",
    "normalize_xilinx_dsp": "element of a norm, UltraScale+ with DSPs",
    "pe_xilinx": "processing element, UltraScale+",
    "pe_xilinx_dsp": "processing element, UltraScale+ with DSPs",
    "pe_xilinx7": "processing element, 7 series",
    "pe_gowin": "processing element, Gowin",
    "array_8x8_xilinx_dsp": "array 8x8 with loaders, UltraScale+ with DSPs",
    "array_16x16_xilinx_dsp": "array 16x16 with loaders, UltraScale+ with DSPs",
    "engine_8x8_xilinx_dsp": "engine 8x8, UltraScale+ with DSPs",
    "engine_16x16_xilinx_dsp": "engine 16x16, UltraScale+ with DSPs",
    "array_8x8_xilinx": "array 8x8 with loaders, UltraScale+",
    "array_16x16_xilinx": "array 16x16 with loaders, UltraScale+",
    "engine_8x8_xilinx": "engine 8x8, UltraScale+",
    "engine_16x16_xilinx": "engine 16x16, UltraScale+",
    "mxint8": "peer: MXINT8 element",
    "bfloat16": "peer: bfloat16 element, binary32 sums",
    "mxint8_grid_4x4": "peer: 4x4 MXINT8 elements, drain and converters to binary32",
    "bfloat16_grid_4x4": "peer: 4x4 bfloat16 elements and drain",
    "mxint8_xilinx": "peer: MXINT8 element, UltraScale+",
    "mxint8_xilinx_dsp": "peer: two MXINT8 elements, UltraScale+ with shared DSPs",
    "bfloat16_xilinx": "peer: bfloat16 element, UltraScale+",
    "bfloat16_xilinx_dsp": "peer: bfloat16 element, UltraScale+ with DSPs",
}
"""Name of each run in the report."""


_AMD_SIZES = (8, 16)
"""Rows and columns of the arrays and engines that are mapped for UltraScale+."""


def standard_set(seeds: int) -> dict[str, Request]:
    """The runs by name, each with ``seeds`` placements."""

    def run(
        design: str,
        family: str = "ecp5",
        *,
        seeds: int = seeds,
        plain: bool = True,
        placer: str = "heap",
        dsp: bool = False,
        by_part: bool = False,
        without: Sequence[str] = (),
        only: str | None = None,
        **parameters: Any,
    ) -> Request:
        return Request(
            subject={**SUBJECTS, **BASELINES, **PEERS, **FUNCTIONS, **ROW_UNITS}[design],
            family=FAMILIES[family],
            parameters=parameters,
            seeds=seeds,
            plain=plain,
            placer=placer,
            dsp=dsp,
            by_part=by_part,
            without=without,
            only=only,
        )

    def without_functions(design: str) -> Mapping[str, Any]:
        return {"function_lanes": 0} if design == "engine" else {}

    def sized(design: str, size: int, *, without: Sequence[str] = (), only: str | None = None) -> Request:
        piece = bool(without or only)
        large, engine = size == 8, design == "engine" and not piece
        placements = min(seeds, 1) if large or engine else seeds  # of which one takes long
        return run(
            design,
            # Engines of 8x8 are larger than the device. On the flip-flops of an array nextpnr does not end:
            # its heap placer looks for those of the same control set around each one, its static placer
            # makes places legal for hours.
            seeds=0 if large and not piece else placements,
            without=without,
            only=only,
            plain=design == "grid" and size == 2,
            by_part=design != "grid" and not piece,
            rows=size,
            cols=size,
            # What does with fewer registers, where they are short.
            drain_rows=size if large and design != "grid" else min(size, 4),
            product_stages=1 if large else 2,
            target="ecp5",
            **without_functions(design),
        )

    requests = {
        "pe": run("pe", target="ecp5"),
        "pe_generic": run("pe", target="generic"),
        "straightforward": run("straightforward"),
        "floor": run("floor", target="ecp5"),
        "pe_one_stage": run("pe", target="ecp5", product_stages=1),
        **{f"{design}_{n}x{n}": sized(design, n) for design in ("grid", "array") for n in (2, 4, 8)},
        **{f"engine_{n}x{n}": sized("engine", n) for n in (4, 8)},
        "engine_8x8_results": sized("engine", 8, only=_RESULT_PATH),
        "engine_8x8_remainder": sized("engine", 8, without=(*_ARRAY_MODULES, _RESULT_PATH)),
        **{unit: run(unit, target="ecp5") for unit in ("quantizer", "converter", "dequantizer")},
        "engine_4x4_functions": run(
            "engine",
            seeds=0,
            dsp=True,
            rows=4,
            cols=4,
            drain_rows=4,
            product_stages=2,
            target="ecp5",
            function_lanes=4,
        ),
        **{unit: run(unit, plain=False) for unit in FUNCTIONS},
        **{f"{unit}_dsp": run(unit, plain=False, dsp=True) for unit in FUNCTIONS},
        "reciprocal": run("reciprocal", plain=False),
        "row_statistics_dsp": run("row_statistics", plain=False, dsp=True, lanes=4),
        **{f"{unit}_xilinx_dsp": run(unit, "xilinx", dsp=True) for unit in FUNCTIONS},
        "pe_xilinx": run("pe", "xilinx", target="xilinx"),
        "pe_xilinx_dsp": run("pe", "xilinx", target="xilinx_dsp"),
        "pe_xilinx7": run("pe", "xilinx7", target="xilinx7"),
        "pe_gowin": run("pe", "gowin", target="generic"),
        **{
            f"{design}_{n}x{n}_{target}": run(
                design,
                "xilinx",
                rows=n,
                cols=n,
                drain_rows=4,
                target=target,
                **without_functions(design),
            )
            for target in ("xilinx_dsp", "xilinx")
            for design in ("array", "engine")
            for n in _AMD_SIZES
        },
        **{peer: run(peer, plain=False, target="ecp5") for peer in ("mxint8", "bfloat16")},
        **{
            f"{p}_grid_4x4": run(f"{p}_grid", seeds=min(seeds, 1), plain=False, target="ecp5")
            for p in ("mxint8", "bfloat16")
        },
        **{f"{peer}_xilinx": run(peer, "xilinx", target="xilinx") for peer in ("mxint8", "bfloat16")},
        "mxint8_xilinx_dsp": run("mxint8_pair", "xilinx", target="xilinx_dsp"),
        "bfloat16_xilinx_dsp": run("bfloat16", "xilinx", target="xilinx_dsp", dsp=True),
    }
    assert requests.keys() == TITLES.keys()
    return requests


def overhead(result: Result) -> float | None:
    """Share of an array's LUTs that are not in its elements, modules counted apart."""
    if not result.parts:
        return None
    elements = (part for part in result.parts if part.name.removeprefix("mx_array_") == "pe")
    return 1 - _lut(elements) / _lut(result.parts)


def _lut(parts: Iterable[Part]) -> int:
    return sum(part.area.lut for part in parts)
