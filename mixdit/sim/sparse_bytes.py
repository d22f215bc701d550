"""More bytes than a machine has: only pages that are touched exist."""

import errno
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

__all__ = ["SparseBytes"]


class SparseBytes:
    """Zeros, of which a page takes room once it was read or written.

    Parameters
    ----------
    size:
        How many.

    Attributes
    ----------
    bytes: uint8 ``[size]``
        All of them.

    Raises ``OSError`` or ``ValueError`` where the system has no room for so many addresses.
    """

    def __init__(self, size: int):
        self._file = _file()
        weakref.finalize(self, self._file.close)
        self._file.truncate(size)
        self.bytes: NDArray[np.uint8] = np.frombuffer(mmap.mmap(self._file.fileno(), size), np.uint8)

    def touched(self) -> Iterator[slice]:
        """Runs of pages that exist, ascending; every byte outside of them is 0."""
        end = 0
        while True:
            try:
                start = os.lseek(self._file.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return  # no page behind the last one
            end = os.lseek(self._file.fileno(), start, os.SEEK_HOLE)
            yield slice(start, end)


def _file() -> IO[bytes]:
    """An empty file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("sparse"), "w+b")
    return tempfile.TemporaryFile()
