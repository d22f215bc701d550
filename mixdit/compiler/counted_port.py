"""A port that counts how often the host rings."""

import numpy as np
from numpy.typing import NDArray

from golden.engine import REGISTERS
from mixdit.driver import Port

__all__ = ["CountedPort"]

DOORBELLS = frozenset(REGISTERS[name].offset for name in ("DOORBELL", "LIST_DOORBELL"))


class CountedPort:
    """Another port, with a count.

    Parameters
    ----------
    port:
        What does the work.

    Attributes
    ----------
    memory: range
        The port's.
    doorbells: int
        Writes to a doorbell so far, of single jobs and of lists.
    """

    def __init__(self, port: Port) -> None:
        self._port, self.memory, self.doorbells = port, port.memory, 0

    def read32(self, offset: int) -> int:
        """As the port."""
        return self._port.read32(offset)

    def write32(self, offset: int, value: int) -> None:
        """As the port."""
        self.doorbells += offset in DOORBELLS
        self._port.write32(offset, value)

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        """As the port."""
        return self._port.read_memory(address, size)

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        """As the port."""
        self._port.write_memory(address, data)

    def wait(self, seconds: float) -> None:
        """As the port."""
        self._port.wait(seconds)
