"""Memory that something asks for, for tests of headers that lie."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["little_memory"]


@contextmanager
def little_memory(most: int = 16 << 20) -> Iterator[None]:
    """Fail if what runs within asks Python or NumPy for more than so many bytes at a time."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= most, f"{peak} bytes were asked for, and {most} are enough"
