"""What engines run: a step of a published network, or one product."""

import re
from typing import Any

from golden import MX9
from golden.engine import COUNTERS, Descriptor, EngineParameters, MemoryFormat, Operation, row_bytes
from golden.formats import BLOCK_SIZE
from perf.cycles.port import DRAM
from perf.explore.design import Design, engine_of
from perf.speedup.blocks import NETWORKS, network_blocks
from perf.speedup.mixes import LINEAR_SHARE, MIXES, Mix
from perf.speedup.program_counters import job_counters, program_counters

__all__ = ["check_workload", "counters_of", "longest_row"]

_PRODUCT = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})x([1-9]\d{0,5})")


def check_workload(name: str) -> str:
    """The name of a workload. Raises ``ValueError`` for what is none."""
    if name not in NETWORKS and not _PRODUCT.fullmatch(name):
        raise ValueError(
            f"must be one of {', '.join(NETWORKS)}, or a product's M, N and K such as 256x1152x1152,"
            f" not {name!r}"
        )
    return name


def longest_row(workload: str) -> int:
    """Columns that an engine's reorder unit takes for it at least."""
    return network_blocks(workload).longest_row if workload in NETWORKS else 0


def counters_of(workload: str, mix: str, design: Design) -> dict[str, int]:
    """The performance counters of a workload by the cycle model: of a step's blocks, or of a product.

    Raises
    ------
    ValueError
        The engine cannot run it.
    ToolchainError, BuildError
        The cycle model cannot be compiled.
    """
    if workload not in NETWORKS:
        parameters, _ = engine_of(design)
        return _product_counters(_product(workload, MIXES[mix], parameters), design)
    blocks, total = network_blocks(workload), dict.fromkeys(COUNTERS, 0)
    for count, counters in zip(blocks.counts, _block_counters(workload, mix, design), strict=True):
        total = {name: total[name] + count * value for name, value in counters.items()}
    return total


def _block_counters(workload: str, mix: str, design: Design) -> list[dict[str, int]]:
    parameters, widths = engine_of(design)
    programs = network_blocks(workload).programs(MIXES[mix], parameters)
    return [program_counters(program, DRAM, **widths) for program in programs]


def _product_counters(product: Descriptor, design: Design) -> dict[str, int]:
    parameters, widths = engine_of(design)
    size = product.d_address + product.m * product.d_pitch
    return job_counters(parameters, product, size, DRAM, **widths)


def _product(workload: str, mix: Mix, parameters: EngineParameters) -> Descriptor:
    """D in binary32; of A the share in MX9 that a mix has of a linear layer's blocks."""
    m, n, k = map(int, workload.split("x"))
    leading = int(LINEAR_SHARE * -(-k // BLOCK_SIZE)) if mix.mixed and mix.low != MX9 else 0
    shapes = {
        "a": (m, k, MemoryFormat.of(mix.low), leading),
        "b": (n, k, MemoryFormat.of(mix.weight), 0),
        "d": (m, n, MemoryFormat.BINARY32, 0),
    }
    fields: dict[str, Any] = {}
    address = 0
    for name, (rows, columns, fmt, mx9_blocks) in shapes.items():
        pitch = -(-row_bytes(fmt, columns, mx9_blocks) // 64) * 64
        fields |= {f"{name}_format": int(fmt), f"{name}_address": address, f"{name}_pitch": pitch}
        address += rows * pitch
    return Descriptor(operation=Operation.PRODUCT, m=m, n=n, k=k, a_mx9_blocks=leading, **fields)
