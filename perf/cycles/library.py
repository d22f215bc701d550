"""The model in C++, compiled: what Python and it tell each other."""

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path

from mixdit.sim.build_cache import cached_build
from mixdit.sim.toolchain import ToolchainError
from mixdit.sim.verilate import BuildError

__all__ = ["Job", "Region", "Sizes", "library"]

_SOURCES = Path(__file__).with_name("model")
_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")
_COMPILERS = ("g++", "c++", "clang++")


def _fields(names: str) -> list[tuple[str, type[ctypes.c_int64]]]:
    return [(name, ctypes.c_int64) for name in names.split()]


class Sizes(ctypes.Structure):
    """``struct Sizes`` of ``model/sizes.h``."""

    _fields_ = [
        *_fields(
            "rows cols drain_rows arrays k_blocks beat_bytes queue_depth"
            " block_size b_tiles a_slots b_slots words lanes epilogue_lanes function_lanes functions"
            " reorder_columns"
            " burst_bytes read_bursts write_bursts"
            " tiles most_beside commands stationary_tiles path_commands"
            " ahead load_delay release_delay drain_delay drained_rows room_tiles"
            " adder_stages affine_stages exp2_stages activation_stages activation_lanes"
            " quantizer_delay quantizer_depth free_compared old_compared format_stages"
            " exp2_depth activation_depth old_depth fragments kinds reads_of_rows"
            " divisors reciprocal product_stages"
            " norm_lanes statistic_lanes buffer_rows buffer_late buffer_depth memory_latency exponent_stages"
            " maximum_stages sum_stages variance_holds variance_cycles factor_cycles"
            " normalize_stages normalize_depth"
            " line_bytes unit_bytes kept_lines entry_bytes"
            " read_latency write_latency bandwidth outstanding one ahead_beats"
        ),
        ("unit_elements", ctypes.c_int64 * 6),
        ("format_bytes", ctypes.c_int64 * 6),
        *_fields("mx9_bytes half_bytes mx9 mxint8 binary32 bfloat16 none exp2 dimension_bits"),
    ]


class Region(ctypes.Structure):
    """``struct Region``."""

    _fields_ = _fields("start last present")


class Job(ctypes.Structure):
    """``struct Job``."""

    _fields_ = [
        *_fields(
            "reorder m n k_blocks keep_b stride group resident vectors"
            " a_address a_pitch a_leading a_format b_address b_pitch b_leading b_format"
            " d_address d_pitch d_mx9_blocks d_format"
            " bias accumulate scale gate gate_by_row function bias_address"
            " permute divide norm mean exponential variance_cycles factor_cycles turns"
        ),
        ("regions", Region * 4),
        *_fields("ends_list entry"),
    ]


@cache
def library() -> ctypes.CDLL:
    """The compiled model, made once per state of its sources.

    Raises ``mixdit.sim.toolchain.ToolchainError`` without a C++ compiler, ``mixdit.sim.verilate.BuildError``
    if that fails.
    """
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise ToolchainError(f"the cycle model needs a C++ compiler, none of {', '.join(_COMPILERS)} found")
    sources = sorted(_SOURCES.iterdir())

    def build(folder: Path) -> None:
        command = [compiler, *_FLAGS, "-o", str(folder / "model.so"), str(_SOURCES / "model.cpp")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise BuildError(f"{compiler} failed ({result.returncode}):\n{result.stderr}")

    key = [compiler, *_FLAGS, *(path.read_text() for path in sources)]
    found = ctypes.CDLL(str(cached_build("cycle-model", key, build) / "model.so"))
    found.model_open.restype = ctypes.c_void_p
    for name in ("model_layout", "model_cycles"):
        getattr(found, name).restype = ctypes.c_int64
    for which, structure in enumerate((Sizes, Job)):
        if found.model_layout(which) != ctypes.sizeof(structure):
            raise BuildError(f"{structure.__name__} has another layout in C++")
    return found
