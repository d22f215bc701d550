"""Fast drivers of Verilated designs: a C++ loop around the model, NumPy arrays in and out.

``build``: compiles the shared libraries; ``errors``: what ends a run; ``random.h``: stalls by chance.
``waves``, ``states``, ``waveform.h``: waveforms, where ``MIXDIT_WAVES`` asks for them.

The array: ``array``: tiles and whole products; ``panels``: cutting operands into tiles; ``harness.cpp``: the
loop.

The engine: ``engine``: a port for the driver; ``memory``, ``axi_memory.h``: the memory behind it;
``engine.cpp``: the loop.
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
