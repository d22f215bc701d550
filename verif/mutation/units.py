"""Modules of the hardware, and the tests that claim them."""

from pathlib import Path

__all__ = ["ROOT", "WITHOUT_LOGIC", "claimed_by", "modules"]

ROOT = Path(__file__).resolve().parents[2]

_HW = "verif/hw"
_GEMM = f"{_HW}/gemm"
_BLOCKS = f"{_HW}/block/test_block_units.py"
_ADDER = f"{_GEMM}/results/test_float_adder.py"
_ARRAY = tuple(f"{_HW}/array/test_array.py::test_array[{size}]" for size in ("2-2-2-4-17-2", "3-5-3-4-21-1"))
_ELEMENT = (f"{_HW}/array/test_block_dot.py", *_ARRAY)
_FUNCTIONS = (f"{_HW}/functions/test_elements.py", f"{_HW}/functions/test_serial.py")
_ENGINE = (f"{_GEMM}/test_engine.py::test_engine[64 bits]",)
_JOBS = tuple(f"{_GEMM}/jobs/test_{name}.py" for name in ("job_order", "job_planner", "descriptor_check"))
_PATH = f"{_GEMM}/results/test_result_path.py::test_result_path"
_RESULTS = (
    f"{_GEMM}/results/test_row_collector.py::test_row_collector[8-4-128]",
    f"{_PATH}[4x4]",
)
_REORDER = (
    f"{_GEMM}/reorder/test_reorder.py",
    f"{_GEMM}/reorder/test_reorder_path.py::test_reorder_path[16-512-0]",
)

_TESTS: dict[str, tuple[str, ...]] = {
    "hw.stream.axi_stream": _ARRAY,
    "hw.stream.free_pipeline": (_BLOCKS,),
    "hw.stream.free_stages": (_BLOCKS, f"{_HW}/functions/test_elements.py"),
    "hw.stream.packet": (_BLOCKS, *_ARRAY),
    "hw.stream.pipeline": (_ADDER, f"{_GEMM}/reorder/test_row_division.py"),
    "hw.stream.ring_reader": (f"{_HW}/stream/test_block_queue.py", f"{_HW}/array/test_drained_grid.py"),
    "hw.stream.stages": (_BLOCKS, _ADDER),
    "hw.block.aligned_block": (f"{_HW}/block/test_aligned_block.py", *_ARRAY),
    "hw.block.converter": (_BLOCKS,),
    "hw.block.dequantizer": (_BLOCKS,),
    "hw.block.float_sum": (_ADDER,),
    "hw.block.layouts": (_BLOCKS,),
    "hw.block.quantizer": (_BLOCKS,),
    "hw.block.rounding": (_BLOCKS,),
    "hw.block.row_gatherer": (_BLOCKS,),
    "hw.array.aligned_accumulator": _ELEMENT,
    "hw.array.array": (f"{_HW}/array/test_activity.py", *_ARRAY),
    "hw.array.aligned_to_float": _ARRAY,
    "hw.array.drain_cell": (
        f"{_HW}/array/test_drained_grid.py",
        *_ARRAY,
        f"{_HW}/array/test_array.py::test_array[3-5-1-8-13-2]",
    ),
    "hw.array.drain_segment": (f"{_HW}/array/test_drained_grid.py", *_ARRAY),
    "hw.array.drained_grid": (f"{_HW}/array/test_drained_grid.py", *_ARRAY),
    "hw.array.exponent_distance": _ARRAY,
    "hw.array.grid": _ARRAY,
    "hw.array.operand_lane": _ARRAY,
    "hw.array.packed_dot": _ELEMENT,
    "hw.array.packed_operand": _ELEMENT,
    "hw.array.pass_memory": _ARRAY,
    "hw.array.pass_pairs": _ARRAY,
    "hw.array.processing_element": _ELEMENT,
    "hw.array.sequencer": _ARRAY,
    "hw.array.tile_loader": _ARRAY,
    "hw.axi.fragment_reader": (f"{_PATH}[6x2]", f"{_PATH}[4x4]"),
    **{
        f"hw.target.{name}": (f"{_HW}/stream/test_memory_read.py", *_ELEMENT)
        for name in ("carry_op", "carry_sum", "delay", "generic", "multiplexer", "multiply_add")
    },
    **dict.fromkeys(("hw.gemm.datapath", "hw.gemm.memory_format"), _ENGINE),
    **{f"hw.gemm.tiles.tile_{name}": _ENGINE for name in ("place", "sequencer")},
    "hw.gemm.tiles.tile_loop": (*_ENGINE, f"{_GEMM}/test_engine.py::test_engine[four tiles]"),
    "hw.gemm.tiles.wide_tiles": _ENGINE,
    **{f"hw.gemm.jobs.{name}": (*_JOBS, *_ENGINE) for name in ("job_regions", "region")},
    "hw.gemm.jobs.control": tuple(
        f"{_GEMM}/jobs/test_{name}.py" for name in ("control", "control_interrupts", "submission")
    ),
    "hw.gemm.results.accumulation": (*_RESULTS, f"{_PATH}[6x2]"),
    "hw.gemm.results.result_dispatch": (f"{_GEMM}/results/test_result_dispatch.py", *_ENGINE),
    "hw.gemm.results.addend_reader": (f"{_PATH}[6x2]",),
    "hw.gemm.results.epilogue_reader": (f"{_GEMM}/results/test_epilogue.py",),
    **{
        f"hw.gemm.results.{name}": _RESULTS
        for name in (
            "line_sender",
            "part_slices",
            "result_format",
            "row_parts",
            "row_places",
            "tile_address",
        )
    },
    "hw.gemm.reorder.row_blocks": _REORDER,
    **dict.fromkeys(
        ("hw.gemm.reorder.block_slices", "hw.gemm.reorder.largest_exponent"),
        (f"{_GEMM}/reorder/test_row_buffer.py",),
    ),
    "hw.gemm.reorder.vector_memory": (f"{_GEMM}/reorder/test_row_norm.py",),
    "hw.gemm.reorder.row_jobs": (f"{_GEMM}/test_engine_reorder.py::test_engine_with_reorder_unit",),
    "hw.functions.serial_arithmetic": (f"{_HW}/functions/test_variance.py",),
    **{
        f"hw.functions.{name}": _FUNCTIONS
        for name in (
            "activation",
            "exp2",
            "fixed_point",
            "integer_product",
            "inverse",
            "normalize",
            "product",
            "reciprocal",
            "square_root",
        )
    },
}
"""Of modules that no test of the same name claims: those that do, the quickest first."""


WITHOUT_LOGIC = {
    **dict.fromkeys(
        (
            "hw.axi.line",
            "hw.axi.signatures",
            "hw.block.binary32",
            "hw.gemm.geometry",
            "hw.gemm.jobs.descriptor",
            "hw.gemm.jobs.job",
            "hw.gemm.operands.block_pattern",
            "hw.gemm.reorder.reorder_job",
            "hw.gemm.results.row_layouts",
            "hw.gemm.tiles.tile_layouts",
            "hw.stream.named_stages",
            "hw.target.targets",
        ),
        "widths, layouts, tables and names, which Python computes",
    ),
    **dict.fromkeys(
        ("hw.target.ecp5", "hw.target.xilinx"),
        "instances of a vendor's primitives, which proofs and netlists compare with their twins",
    ),
}
"""Modules without mutants in a design that tests simulate, and what they have instead."""


_CONVERTED_BY = "hw.shared_module"
"""What converts a design imports it before it could be rewritten. It has no logic."""


def modules(under: str = "hw") -> dict[str, Path]:
    """Every module below a package or module that may have logic, by name, with its file."""
    found = {}
    for path in sorted((ROOT / "hw").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if (
            path.stem != "__init__"
            and name != _CONVERTED_BY
            and (name == under or name.startswith(f"{under}."))
        ):
            found[name] = path
    return found


def claimed_by(module: str) -> tuple[str, ...]:
    """What pytest takes: those named above, the test of the module's name, or all of its package."""
    if module in _TESTS:
        return _TESTS[module]
    folder, name = Path("verif", *module.split(".")[:-1]), module.rpartition(".")[2]
    places = (folder / f"test_{name}.py", folder, *folder.parents)
    return (str(next(place for place in places if (ROOT / place).exists())),)
