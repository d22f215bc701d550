"""The host's side of the GEMM engine; imports ``golden`` only.

``gemm``: the engine as a function of tensors. ``matrix``: tensors in its memory. ``allocator``: that
memory.
``reuse``: which operand stays on chip. ``errors``: what can go wrong.
``port``: what connects it to an engine. ``linux``: mapped device files. ``model``: the golden model.
``reordering``: orders of channels that put those which need precision first.
"""

from mixdit.driver.allocator import Allocator
from mixdit.driver.errors import EngineError, EngineTimeoutError
from mixdit.driver.gemm import Gemm
from mixdit.driver.linux import LinuxPort
from mixdit.driver.matrix import DeviceMatrix
from mixdit.driver.model import ModelPort
from mixdit.driver.port import Port, PortError
from mixdit.driver.reordering import Reordering, plan_reordering

__all__ = [
    "Allocator",
    "DeviceMatrix",
    "EngineError",
    "EngineTimeoutError",
    "Gemm",
    "LinuxPort",
    "ModelPort",
    "Port",
    "PortError",
    "Reordering",
    "plan_reordering",
]
