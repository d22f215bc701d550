"""Fast drivers of Verilated designs: a C++ loop around the model, NumPy arrays in and out.

``design``: exported Verilog to simulate. ``toolchain``: Verilator on this machine. ``verilate``: the
compiled model. ``power_up.h``: what registers begin with.
``build``: that and a loop, as a shared library; ``build_cache``: made once. ``errors``: what ends a run.
``waves``, ``states``, ``waveform.h``: waveforms, where MIXDIT_WAVES asks for them.
``coverage``, ``counts.h``: lines and toggles, where MIXDIT_COVERAGE does.

The array: ``array``: tiles and whole products; ``panels``: cutting operands into tiles; ``harness.cpp``:
the loop.

The engine: ``engine``: a port for the driver; ``engine.cpp``: the loop; ``memory``, ``shared_memory.h``,
``axi_memory.h``: the memory behind it; ``sparse_bytes``: a large one; ``random.h``: stalls by chance.
``simulated_port``: a port to an engine in a cocotb simulation.
"""

from mixdit.sim.array import ArrayHarness, HarnessError, Product, Run, Stalls
from mixdit.sim.engine import EngineHarness
from mixdit.sim.memory import Fault, Memory, Response
from mixdit.sim.panels import Panel, panels

__all__ = [
    "ArrayHarness",
    "EngineHarness",
    "Fault",
    "HarnessError",
    "Memory",
    "Panel",
    "Product",
    "Response",
    "Run",
    "Stalls",
    "panels",
]
