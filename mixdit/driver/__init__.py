"""The host's side of the GEMM engine; imports ``golden`` only.

``gemm``: the engine as a function of tensors. ``recording``: its jobs as lists, ``job_list``: one of these.
``engine``: its jobs and registers. ``memory``: matrices in
its memory, made of ``matrix``: where one lies, ``allocator``: which addresses are free, ``transfer``: tensors
as bytes.
``arguments``, ``descriptor_check``: wrong calls, refused before anything is written. ``errors``: what can go
wrong behind a port.
``reuse``: which operand stays on chip.
``port``: what connects it to an engine. ``linux``: mapped device files. ``model``: the golden model.
``reordering``: orders of channels that put those which need precision first.
"""

from mixdit.driver.allocator import Allocator
from mixdit.driver.errors import EngineError, EngineTimeoutError
from mixdit.driver.gemm import Gemm
from mixdit.driver.job_list import JobList
from mixdit.driver.linux import LinuxPort
from mixdit.driver.matrix import DeviceMatrix, DevicePermutation
from mixdit.driver.model import ModelPort
from mixdit.driver.port import Port, PortError
from mixdit.driver.reordering import Reordering, plan_reordering

__all__ = [
    "Allocator",
    "DeviceMatrix",
    "DevicePermutation",
    "EngineError",
    "EngineTimeoutError",
    "Gemm",
    "JobList",
    "LinuxPort",
    "ModelPort",
    "Port",
    "PortError",
    "Reordering",
    "plan_reordering",
]
