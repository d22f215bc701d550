"""What an engine's memory should hold where most of it is never touched."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from golden.engine import Descriptor, EngineParameters, ErrorCode, Region, regions
from mixdit.sim import EngineHarness
from mixdit.sim.sparse_bytes import SparseBytes
from verif.hw.gemm.expected_memory import ExpectedMemory
from verif.hw.gemm.random_jobs import Job

__all__ = ["ExpectedSparseMemory"]


class ExpectedSparseMemory(ExpectedMemory):
    """As ``ExpectedMemory``; only pages that somebody touched are compared.

    Parameters
    ----------
    parameters:
        The engine's.
    engine:
        The engine, whose memory is sparse and still zeros.
    """

    def __init__(self, parameters: EngineParameters, engine: EngineHarness):
        self._engine = engine
        self._pages = SparseBytes(len(engine.memory))
        super().__init__(parameters, np.zeros(0, np.uint8), origin=engine.memory.start)
        self.data = self._pages.bytes
        self._results: list[Region] = []

    def run(self, descriptor: Descriptor) -> ErrorCode:
        self._results.append(regions(descriptor)["D"])
        return super().run(descriptor)

    def compare(self, found: NDArray[np.uint8], jobs: Iterable[Job] = ()) -> None:
        """Every byte is as expected, and none was written outside of what jobs write."""
        super().compare(found, jobs)
        for part in self._engine.sparse_written.touched():
            written = part.start + np.flatnonzero(self._engine.written[part])
            outside = written[~np.logical_or.reduce([self._within(d, written) for d in self._results])]
            if outside.size:
                raise AssertionError(
                    f"{outside.size} bytes outside of D are written, the first at"
                    f" {int(outside[0]) + self.origin:#x}; jobs {[job.descriptor for job in jobs]}"
                )

    def _within(self, d: Region, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of these bytes belong to a row of ``d``."""
        start, end = (address - self.origin for address in (d.address, d.end))
        rows = (places - start) % d.pitch < d.row_bytes
        return (places >= start) & (places < end) & rows

    def _parts(self) -> Iterator[slice]:
        yield from self._engine.sparse_data.touched()
        yield from self._pages.touched()
