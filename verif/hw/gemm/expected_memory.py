"""What an engine's memory should hold, by golden."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from golden.engine import PASSES, STALLS, Descriptor, EngineParameters, ErrorCode, regions, run_job
from verif.hw.gemm.random_jobs import Job

__all__ = ["ExpectedMemory", "check_counters"]


class ExpectedMemory:
    """Every byte of a memory as ``golden.engine.run_job`` leaves it.

    Parameters
    ----------
    parameters:
        The engine.
    data:
        uint8 ``[size]``: what memory holds at first; copied.
    origin:
        Address of the first byte.

    Attributes
    ----------
    data:
        uint8 ``[size]``: what memory should hold.
    descriptors, outputs:
        Jobs run so far, and elements of their D.
    ranges:
        Of each of these jobs whether it was out of range.
    """

    def __init__(self, parameters: EngineParameters, data: NDArray[np.uint8], *, origin: int = 0):
        self.parameters = parameters
        self.data = data.copy()
        self.origin = origin
        self.descriptors = self.outputs = 0
        self.ranges: list[bool] = []

    def put(self, job: Job) -> None:
        """A job's operands are written."""
        for address, content in job.contents:
            start = address - self.origin
            self.data[start : start + len(content)] = np.frombuffer(content, np.uint8)

    def run(self, descriptor: Descriptor) -> ErrorCode:
        """A job is done; golden's code."""
        self.descriptors += 1
        self.outputs += descriptor.m * descriptor.n
        result = run_job(self.data, descriptor, self.parameters, self.origin)
        self.ranges.append(result.out_of_range)
        return result.code

    def results(self, descriptors: Iterable[Descriptor]) -> NDArray[np.bool_]:
        """Which bytes belong to D of these: bool ``[size]``."""
        mask = np.zeros(self.data.size, bool)
        for descriptor in descriptors:
            region = regions(descriptor)["D"]
            for row in range(region.rows):
                start = region.address + row * region.pitch - self.origin
                mask[start : start + region.row_bytes] = True
        return mask

    def forget(self, descriptors: Iterable[Descriptor], found: NDArray[np.uint8]) -> None:
        """Expect in D of these what is there."""
        mask = self.results(descriptors)
        self.data[mask] = found[mask]

    def compare(self, found: NDArray[np.uint8], jobs: Iterable[Job] = ()) -> None:
        """Every byte is as expected; ``jobs`` are named when one is not."""
        for part in self._parts():
            wrong = np.flatnonzero(found[part] != self.data[part])
            if wrong.size:
                first = part.start + int(wrong[0])
                raise AssertionError(
                    f"{wrong.size} bytes differ, the first at {first + self.origin:#x}:"
                    f" {found[first]:#x}, expected {self.data[first]:#x};"
                    f" jobs {[job.descriptor for job in jobs]}"
                )

    def _parts(self) -> Iterator[slice]:
        """What is to be compared."""
        yield slice(0, self.data.size)


def check_counters(values: Mapping[str, int]) -> None:
    """Cycles add up over their causes, and busy cycles over the kinds of passes."""
    assert sum(values[name] for name in STALLS) == values["CYCLES"], values
    assert sum(values[name] for name in PASSES) == values["BUSY"], values
