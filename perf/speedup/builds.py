"""Engines that are compared, and what stands behind their clocks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from golden.engine import EngineParameters
from mixdit.sim import Memory
from perf.cycles.changes import check_names
from perf.cycles.port import DRAM

__all__ = ["BUILDS", "REFERENCE", "Build"]


@dataclass(frozen=True, kw_only=True)
class Build:
    """Engines side by side, which share the work of every job by rows or columns of its result.

    Parameters
    ----------
    title:
        For tables.
    engines:
        How many.
    sizes:
        Parameters of each; rows of the reorder unit are as long as the network's.
    clock_mhz:
        Of all.
    clock_status:
        M: placed and routed by an open flow; A: assumed.
    clock_source:
        Where it stands, or why it is assumed.
    bytes_per_second:
        What the memory of all engines reads, and what it writes; infinite where their ports limit it.
    result_words:
        Of each, as ``hw.gemm.engine.Engine`` takes it.
    """

    title: str
    engines: int
    sizes: Mapping[str, int]
    clock_mhz: float
    clock_status: str
    clock_source: str
    bytes_per_second: float = math.inf
    result_words: int = 0

    @property
    def memory(self) -> Memory:
        """What each engine's port gets, in its cycles; latencies as of DRAM behind a controller at 1 GHz."""
        share = min(1.0, self.bytes_per_second / self._ports)
        return replace(DRAM, bandwidth=share)

    @property
    def bandwidth(self) -> float:
        """Bytes per second that all engines can read, and that they can write beside that."""
        return min(self.bytes_per_second, self._ports)

    @property
    def _ports(self) -> float:
        return self.engines * self.sizes["data_bits"] / 8 * self.clock_mhz * 1e6

    def parameters(self, reorder_columns: int) -> EngineParameters:
        """Those of each engine."""
        return EngineParameters(reorder_columns=reorder_columns, **self.sizes)

    def changed(self, changes: Mapping[str, int]) -> "Build":
        """With other ``engines``, ``result_words`` or parameters; ValueError where it cannot."""
        check_names(changes, "engines", "result_words")
        sizes = {**self.sizes, **changes}
        engines, words = sizes.pop("engines", self.engines), sizes.pop("result_words", self.result_words)
        given = ", ".join(f"{name}={value}" for name, value in changes.items())
        title = f"{self.title}, {given}" if changes else self.title
        if engines < 1:
            raise ValueError(f"engines must be at least 1, not {engines!r}")
        if words not in (0, 4, 8, 16):
            raise ValueError(f"result_words must be 0, 4, 8 or 16, not {words!r}")
        found = replace(self, title=title, engines=engines, result_words=words, sizes=sizes)
        found.parameters(0)
        return found

    @property
    def elements(self) -> int:
        """Processing elements of all engines, 16 multiply-accumulates per cycle in MX6 each."""
        s = self.sizes
        return self.engines * s.get("arrays", 1) * s["rows"] * s["cols"]


_LARGE = {"rows": 16, "cols": 8, "arrays": 2, "data_bits": 512, "stationary_tiles": 128, "function_lanes": 16}

_GPU_MEMORY = 936e9
"""Bytes per second of an RTX 3090's memory."""

BUILDS: Mapping[str, Build] = {
    "4x4": Build(
        title="4x4, ECP5",
        engines=1,
        sizes={"rows": 4, "cols": 4, "data_bits": 128, "stationary_tiles": 8, "function_lanes": 4},
        clock_mhz=98,
        clock_status="M",
        clock_source="docs/ppa/report.md, engine 4x4 without functions, placed and routed in an LFE5U-85F",
    ),
    "8x8": Build(
        title="8x8",
        engines=1,
        sizes={"rows": 8, "cols": 8, "data_bits": 256, "stationary_tiles": 8, "function_lanes": 16},
        clock_mhz=98,
        clock_status="A",
        clock_source="the clock of the engine 4x4; 8x8 was synthesized, not placed",
    ),
    "4096": Build(
        title="4,096 elements",
        engines=16,
        sizes=_LARGE,
        clock_mhz=1000,
        clock_status="A",
        clock_source="a clock that accelerators of this kind state; nothing here was laid out",
        bytes_per_second=_GPU_MEMORY,
    ),
    "8192": Build(
        title="8,192 elements",
        engines=32,
        sizes=_LARGE,
        clock_mhz=1000,
        clock_status="A",
        clock_source="as for 4,096 elements",
        bytes_per_second=_GPU_MEMORY,
    ),
}
"""Builds by name. Arrays of 16x8 in engines of two: larger ones wait longer for results and for weights."""

REFERENCE = "4096"
"""The build that goals and ablations are of, and pictures."""
