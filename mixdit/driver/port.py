"""What connects the driver to an engine."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class PortError(RuntimeError):
    """The engine or the memory answered an access with an error."""


class Port(Protocol):
    """Access to an engine's registers, and to memory that the engine and the host share.

    Memory that the host wrote before a register write is there for the engine, and what an engine wrote
    before it reported a job done is there for the host: caches are the port's business.
    """

    memory: range
    """Addresses, as the engine sees them, that the driver may use."""

    def read32(self, offset: int) -> int:
        """The register at byte ``offset``."""

    def write32(self, offset: int, value: int) -> None:
        """Write a register; raises `PortError` if the engine refuses."""

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        """``size`` bytes from ``address`` on: uint8 ``[size]``."""

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        """Write uint8 ``[size]`` from ``address`` on."""

    def wait(self, seconds: float) -> None:
        """Let time pass, until the interrupt or for about ``seconds`` at most."""
