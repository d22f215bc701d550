"""A Dask cluster."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, Self

from mixdit.tasks.errors import LostTaskError, TaskError

__all__ = ["Cluster"]

PATIENCE = 30
"""Seconds to wait for a cluster's first worker."""


class Cluster:
    """A Dask cluster; it starts a lost worker's task on another by itself.

    Parameters
    ----------
    address:
        Of its scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    TaskError
        No scheduler there, or no worker within half a minute.
    """

    reserve = 1

    def __init__(self, address: str) -> None:
        self.address = address

    def __enter__(self) -> Self:
        import dask
        import distributed

        # Latents and images travel with the calls: some megabytes are no mistake.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        self._lost: type[Exception] = distributed.KilledWorker
        try:
            client: Any = distributed.Client
            self._client = client(self.address, timeout=PATIENCE, set_as_default=False)
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            reason = " ".join(str(error).split())
            raise TaskError(f"no Dask scheduler with a worker at {self.address!r}: {reason}") from error
        self._executor = self._client.get_executor(pure=False)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._client.close()

    @property
    def slots(self) -> int:
        try:
            threads: int = sum(self._client.nthreads().values())
        except OSError as error:
            raise self._ended from error
        return max(1, threads)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(function, *arguments)
        return future

    def result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except self._lost as error:
            raise LostTaskError(f"workers of {self.address} ended again and again") from error
        except CancelledError as error:
            raise self._ended from error

    @property
    def _ended(self) -> TaskError:
        return TaskError(f"the Dask scheduler at {self.address!r} has ended")
