"""Modules of the hardware, and the tests that claim them."""

from pathlib import Path

__all__ = ["ROOT", "claimed_by", "modules"]

ROOT = Path(__file__).resolve().parents[2]

_BLOCKS = "verif/hw/block/test_block_units.py"
_ADDER = "verif/hw/gemm/results/test_float_adder.py"
_ARRAY = ("verif/hw/array/test_array.py", "verif/hw/array/test_products.py")
_ENGINE = ("verif/hw/gemm/test_engine.py", "verif/hw/gemm/test_campaign.py")
_ELEMENT = ("verif/hw/array/test_block_dot.py", *_ARRAY)

_TESTS: dict[str, tuple[str, ...]] = {
    "hw.stream.free_pipeline": (_BLOCKS,),
    "hw.stream.free_stages": (_BLOCKS, "verif/hw/functions/test_elements.py"),
    "hw.stream.named_stages": (_ADDER, "verif/hw/functions/test_elements.py"),
    "hw.stream.packet": (_BLOCKS, *_ARRAY),
    "hw.stream.pipeline": (_ADDER, "verif/hw/gemm/reorder/test_row_division.py"),
    "hw.stream.ring_reader": ("verif/hw/stream/test_block_queue.py", "verif/hw/array/test_drained_grid.py"),
    "hw.stream.stages": (_BLOCKS, _ADDER),
    "hw.block.aligned_block": ("verif/hw/block/test_aligned_block.py", *_ARRAY),
    "hw.block.binary32": (_BLOCKS, _ADDER),
    "hw.block.converter": (_BLOCKS,),
    "hw.block.dequantizer": (_BLOCKS,),
    "hw.block.float_sum": (_ADDER,),
    "hw.block.layouts": (_BLOCKS,),
    "hw.block.quantizer": (_BLOCKS,),
    "hw.block.rounding": (_BLOCKS,),
    "hw.block.row_gatherer": (_BLOCKS,),
    "hw.array.aligned_accumulator": _ELEMENT,
    "hw.array.aligned_to_float": _ARRAY,
    "hw.array.drain_cell": ("verif/hw/array/test_drained_grid.py", *_ARRAY),
    "hw.array.drain_segment": ("verif/hw/array/test_drained_grid.py", *_ARRAY),
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
    "hw.axi.fragment_reader": ("verif/hw/axi", "verif/hw/gemm/operands"),
    "hw.axi.line": ("verif/hw/axi/test_write_master.py", "verif/hw/axi"),
    "hw.axi.signatures": ("verif/hw/axi",),
    "hw.gemm.datapath": _ENGINE,
    "hw.gemm.geometry": _ENGINE,
    "hw.gemm.memory_format": _ENGINE,
    "hw.gemm.tiles.tile_layouts": _ENGINE,
    "hw.gemm.tiles.tile_loop": _ENGINE,
    "hw.gemm.tiles.tile_place": _ENGINE,
    "hw.gemm.tiles.tile_sequencer": _ENGINE,
    "hw.gemm.tiles.wide_tiles": _ENGINE,
}
"""Of modules that no test of the same name claims: those that do, the quickest first."""


def modules(under: str = "hw") -> dict[str, Path]:
    """Every module with logic below a package or module, by name, with its file."""
    found = {}
    for path in sorted((ROOT / "hw").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.stem != "__init__" and (name == under or name.startswith(f"{under}.")):
            found[name] = path
    return found


def claimed_by(module: str) -> tuple[str, ...]:
    """Paths that pytest takes: those named above, the test of the module's name, or all of its package."""
    if module in _TESTS:
        return _TESTS[module]
    folder, name = Path("verif", *module.split(".")[:-1]), module.rpartition(".")[2]
    places = (folder / f"test_{name}.py", folder, *folder.parents)
    return (str(next(place for place in places if (ROOT / place).exists())),)
