"""What engines run: a step of a published network, or one product."""

import re
from dataclasses import dataclass
from typing import Any

from golden import MX9
from golden.engine import COUNTERS, Descriptor, EngineParameters, MemoryFormat, Operation, row_bytes
from golden.formats import BLOCK_SIZE
from mixdit.compiler.program_run import ProgramRunner
from mixdit.driver.engine import Engine
from mixdit.sim import Memory
from perf.cycles.port import CyclePort
from perf.explore.design import Design, engine_of
from perf.speedup.blocks import NETWORKS, network_blocks
from perf.speedup.builds import Build
from perf.speedup.mixes import LINEAR_SHARE, MIXES, Mix

__all__ = ["MEMORY", "check_workload", "counters_of", "longest_row"]

MEMORY = Memory(read_latency=100, write_latency=60)
"""What an engine's port gets: its whole width, behind a DRAM controller."""

MOST_CYCLES = 1 << 32
"""Of a block: counters wrap there."""

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


@dataclass(frozen=True, kw_only=True)
class _Fixed(Build):
    """Engines whose reorder unit is as it was chosen."""

    engine: EngineParameters

    def parameters(self, reorder_columns: int) -> EngineParameters:
        return self.engine


def _block_counters(workload: str, mix: str, design: Design) -> list[dict[str, int]]:
    parameters, others = engine_of(design)
    build = _Fixed(
        title="", engines=1, sizes={}, clock_mhz=1, clock_status="A", clock_source="", engine=parameters
    )
    found = []
    for program in network_blocks(workload).programs(MIXES[mix], build):
        memory = program.memory
        size = -(-len(memory) // 64) * 64
        with CyclePort(parameters, size=size, origin=memory.start, memory=MEMORY, **others) as port:
            engine = ProgramRunner(program, port, float("inf")).engine
            engine.clear_counters()
            engine.wait(engine.submit_list(program.list_address, len(program.jobs)))
            found.append(_read(engine, port))
    return found


def _product_counters(product: Descriptor, design: Design) -> dict[str, int]:
    parameters, others = engine_of(design)
    size = -(-(product.d_address + product.m * product.d_pitch) // 4096) * 4096
    with CyclePort(parameters, size=size, memory=MEMORY, **others) as port:
        engine = Engine(port, float("inf"))
        engine.clear_counters()
        engine.wait(engine.submit(product))
        return _read(engine, port)


def _read(engine: Engine, port: CyclePort) -> dict[str, int]:
    if port.cycles >= MOST_CYCLES:
        raise ValueError(f"a block must take fewer than {MOST_CYCLES} cycles, not {port.cycles}")
    return dict(engine.counters())


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
