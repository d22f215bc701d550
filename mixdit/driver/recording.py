"""Jobs recorded as lists, which the engine fetches from memory by itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from golden.engine import Descriptor, encode_list
from mixdit.driver import arguments
from mixdit.driver.allocator import Piece
from mixdit.driver.descriptor_check import check_descriptor
from mixdit.driver.job_list import JobList
from mixdit.driver.matrix import DeviceMatrix, DevicePermutation
from mixdit.driver.memory import EngineMemory
from mixdit.driver.port import Port


class RecordingEngine(EngineMemory):
    """An engine with memory whose jobs are queued one by one, or recorded as a list and run together.

    Parameters
    ----------
    port, timeout:
        As for `Engine`. The port's memory belongs to this object.

    Raises
    ------
    TypeError, ValueError
        As `Engine`.
    """

    def __init__(self, port: Port, timeout: float = 60.0) -> None:
        super().__init__(port, timeout)
        self._recorded: JobList | None = None

    @contextmanager
    def recording(self) -> Iterator[JobList]:
        """Record the jobs that are called within, in place of running them: a list for `run_list`.

        Each call is checked as always, and returns the job's place in the list, from 1 on. The list goes to
        memory at the end, and stays there until `free`; an exception drops it.

        Raises
        ------
        ValueError
            Recordings within each other, or without a job.
        MemoryError
            The port's memory is too small.
        """
        if self._recorded is not None:
            raise ValueError("recording must end before another one begins")
        jobs = self._recorded = JobList()
        try:
            yield jobs
        finally:
            self._recorded = None
        self._store_list(jobs)

    def store_list(self, descriptors: Sequence[Descriptor]) -> JobList:
        """Copy jobs to memory, as a list for `run_list`.

        Raises
        ------
        TypeError, ValueError
            No jobs, or some that `submit` would refuse: nothing was written.
        MemoryError
            The port's memory is too small.
        """
        if not isinstance(descriptors, list | tuple):
            raise TypeError(f"descriptors must be a list or tuple of them, not {arguments.kind(descriptors)}")
        jobs = JobList()
        for each in descriptors:
            jobs.descriptors.append(check_descriptor(each, self.parameters, self.port.memory))
            jobs.used.append(())
        self._store_list(jobs)
        return jobs

    def run_list(self, jobs: JobList) -> int:
        """Queue all jobs of a list, after those that were queued before; returns the number of the last one.

        The list, and the matrices that were recorded with it, may be freed meanwhile.

        Raises
        ------
        TypeError, ValueError
            Not a list of this object, one that was freed, or with a matrix that was freed.
        EngineError, EngineTimeoutError
            As `submit`.
        """
        self._check_list("jobs", jobs)
        if self._recorded is not None:
            raise ValueError("jobs must not be run within a recording")
        for piece in {id(piece): piece for each in jobs.used for piece in each}.values():
            self._check_piece("jobs is not whole: a matrix", piece)
        self._settle()
        for place, pieces in enumerate(jobs.used, 1):
            for piece in pieces:
                piece.job = self._submitted + place
        assert jobs.piece is not None
        jobs.piece.job = self._submitted + len(jobs)
        return self.submit_list(jobs.address, len(jobs))

    def free(self, matrix: DeviceMatrix | DevicePermutation | JobList) -> None:
        """Give back what `store`, `store_permutation`, `empty`, `recording` or `store_list` gave.

        What a job still uses may be given back: its memory waits for the end of that job.
        """
        if not isinstance(matrix, JobList):
            super().free(matrix)
        else:
            self._give_back(self._check_list("matrix", matrix))

    def _queue(self, job: Descriptor, *used: DeviceMatrix | DevicePermutation) -> int:
        """`submit`, and note before the doorbell rings that the job uses this memory; or record the job."""
        pieces = tuple(matrix.piece for matrix in used)
        if self._recorded is not None:
            self._recorded.descriptors.append(check_descriptor(job, self.parameters, self.port.memory))
            self._recorded.used.append(pieces)
            return len(self._recorded)
        self._settle()
        for piece in pieces:
            piece.job = self._submitted + 1
        return self.submit(job)

    def _store_list(self, jobs: JobList) -> None:
        if not jobs.descriptors:
            raise ValueError("a list must have at least 1 job, not 0")
        self._need_lists()
        jobs.piece = self._allocate(jobs.size)
        try:
            self.port.write_memory(jobs.address, encode_list(jobs.descriptors, jobs.address))
        except BaseException:
            self._give_back(jobs.piece)
            raise

    def _check_list(self, name: str, value: object) -> Piece:
        if not isinstance(value, JobList):
            raise TypeError(f"{name} must be a list of jobs, from recording, not {arguments.kind(value)}")
        if value.piece is None:
            raise ValueError(f"{name} must be a list whose recording has ended, and was not cut short")
        self._check_piece(name, value.piece)
        return value.piece
