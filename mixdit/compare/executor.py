"""Where the tasks of a comparison run: processes of this machine, or a Dask cluster."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol, Self

from mixdit.compare.comparison import CompareError
from mixdit.quality.workers import workers

__all__ = ["Cluster", "Executor", "Here", "Processes", "Task", "run_tasks"]

ATTEMPTS = 3
"""Of a task in whose time a process ended."""

PATIENCE = 30
"""Seconds to wait for a cluster's first worker."""


@dataclass(frozen=True, eq=False)
class Task:
    """A call of a function of a module.

    Parameters
    ----------
    name:
        For people.
    function:
        What to call in another process.
    arguments:
        Gives its arguments, when it is about to run.
    key:
        Says whose result it is.
    """

    name: str
    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    key: Any


class Executor(Protocol):
    """Runs calls elsewhere."""

    @property
    def slots(self) -> int:
        """Calls at a time."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Begin a call."""

    def result(self, future: Future[Any]) -> Any:
        """What the call returned or raised; BrokenExecutor if it is lost with its process."""

    def renew(self) -> None:
        """Go on after a BrokenExecutor."""


class Here:
    """The calling process itself, as a context manager."""

    slots = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        """Nothing to end."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def result(self, future: Future[Any]) -> Any:
        return future.result()

    def renew(self) -> None:
        """Never needed."""


class Processes:
    """Processes of this machine, as a context manager.

    Parameters
    ----------
    count:
        How many.
    """

    def __init__(self, count: int) -> None:
        self.slots = count
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._pool = self._stack.enter_context(workers(self.slots))
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.__exit__(*exc)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self._pool.submit(function, *arguments)

    def result(self, future: Future[Any]) -> Any:
        return future.result()

    def renew(self) -> None:
        self._stack.close()
        self.__enter__()


class Cluster:
    """A Dask cluster, as a context manager; it starts a lost worker's task on another by itself.

    Parameters
    ----------
    address:
        Of its scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    CompareError
        No scheduler there, or no worker within half a minute.
    """

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
            raise CompareError(f"no Dask scheduler with a worker at {self.address!r}: {reason}") from error
        self._executor = self._client.get_executor(pure=False)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._client.close()

    @property
    def slots(self) -> int:
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(function, *arguments)
        return future

    def result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except self._lost as error:
            raise CompareError(f"workers of {self.address} ended again and again: {error}") from error

    def renew(self) -> None:
        """Never needed."""


def run_tasks(executor: Executor, tasks: Iterable[Task], done: Callable[[Task, Any], None]) -> None:
    """Run all tasks, and call ``done(task, result)`` after each.

    Raises
    ------
    CompareError
        A process ended again and again while a task ran.
    Exception
        What a task raised, or ``done``.
    """
    waiting = deque(tasks)
    running: dict[Future[Any], Task] = {}
    attempts: Counter[str] = Counter()

    def lose(task: Task) -> None:
        attempts[task.name] += 1
        if attempts[task.name] == ATTEMPTS:
            raise CompareError(f"{task.name}: its process ended {ATTEMPTS} times; not enough memory?")

    while waiting or running:
        broken = False
        while waiting and len(running) < executor.slots + 1:  # one in reserve
            task = waiting.popleft()
            try:
                running[executor.submit(task.function, *task.arguments())] = task
            except BrokenExecutor:
                if not running:
                    lose(task)
                waiting.appendleft(task)
                broken = True
                break
        lost = []
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task = running.pop(future)
            try:
                result = executor.result(future)
            except BrokenExecutor:
                lost.append(task)
            else:
                done(task, result)
        for task in lost:
            lose(task)
        if (lost or broken) and not running:
            executor.renew()
        waiting.extendleft(reversed(lost))
