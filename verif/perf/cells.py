"""A cell of the comparison with figures that can be reckoned by hand."""

from golden.engine import COUNTERS
from perf.speedup.blocks import network_blocks
from perf.speedup.builds import BUILDS, REFERENCE
from perf.speedup.comparison import Cell
from perf.speedup.mixes import MIXES
from perf.speedup.step_time import StepTime
from perf.speedup.vector_unit import LANES, FloatsTime, VectorWork
from perf.speedup.work import Work

__all__ = ["block_program", "made_cell"]


def block_program(mix: str):
    """That of a block of DiT-XL/2 256, for an engine of the largest builds."""
    blocks = network_blocks("dit-xl-2-256")
    (found,) = blocks.programs(MIXES[mix], BUILDS[REFERENCE].parameters(blocks.longest_row))
    return found


def made_cell(cycles: int, network: str = "dit-xl-2-256", mix: str = "MX6", build: str = "4096") -> Cell:
    """A step of ``cycles``, of which half multiply, an eighth waits and a quarter are row jobs'."""
    eighth = cycles // 8
    products = dict.fromkeys(COUNTERS, 0) | {
        "CYCLES": cycles - 2 * eighth - eighth,
        "BUSY": 4 * eighth,
        "PASSES_SINGLE": 4 * eighth,
        "READ_STALL": eighth,
    }
    whole = products | {"CYCLES": cycles, "READ_STALL": 2 * eighth, "BYTES_READ": 10 * cycles}
    rate = (
        BUILDS[build].sizes["rows"] * BUILDS[build].sizes["cols"] * BUILDS[build].sizes.get("arrays", 1) * 16
    )
    own = 3 * eighth * rate
    engines = BUILDS[build].engines
    return Cell(
        network=network,
        mix=mix,
        build=build,
        macs=2 * eighth * rate * engines,
        time=StepTime(
            counters=whole,
            products=products,
            work=Work(shared=5 * eighth * rate * engines // 2, own=own, filled=own + rate),
            build=BUILDS[build],
        ),
        floats=FloatsTime(counters=whole, work=VectorWork(values=LANES * cycles), build=BUILDS[build]),
    )
