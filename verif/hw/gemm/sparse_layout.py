"""Matrices far from each other, whose rows lie far apart."""

import numpy as np

from verif.hw.gemm.random_jobs import Layout

__all__ = ["SparseLayout"]

_PLACES = 64
"""Matrices for which there is room."""

_MOST_APART = 4096
"""Rows that may lie far apart: each takes a page of its own then."""

_PITCH_LIMIT = 1 << 32


class SparseLayout(Layout):
    """Hands out a large memory, near and far alike, as ``Layout`` does a small one.

    Parameters
    ----------
    rng:
        Source of randomness.
    memory:
        Its addresses.
    """

    def __init__(self, rng: np.random.Generator, memory: range):
        super().__init__(rng, memory.start)
        self._room = len(memory) // _PLACES

    def place(self, rows: int, size: int, alignment: int) -> tuple[int, int]:
        """Address and pitch for ``rows`` rows of ``size`` bytes."""
        self.next += self._far(self._room // 2)
        address, pitch = super().place(rows, size, alignment)
        spare = min(self._room // 2 // rows, _PITCH_LIMIT) - 2 * pitch
        if rows <= _MOST_APART and spare > 0 and self.rng.random() < 0.5:
            pitch += self._far(spare) // alignment * alignment
            self.next = address + (rows - 1) * pitch + size
        return address, pitch

    def _far(self, most: int) -> int:
        """A number up to ``most``, of any magnitude alike."""
        return int(most ** self.rng.random())
