"""Processes of this machine."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Self

from mixdit.tasks.worker import Worker

__all__ = ["Processes"]


class Processes:
    """Processes of this machine; one that ends takes no call but its own with it, and gets a successor.

    Parameters
    ----------
    count:
        How many, at least 1.
    """

    reserve = 1

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"jobs must be at least 1, not {count!r}")
        self.slots = count

    def __enter__(self) -> Self:
        resource_tracker.ensure_running()  # it lets Ctrl-C through to the thread that it is started in
        self._lock, self._ended = Lock(), False
        self._workers: set[Worker] = set()
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._threads = ThreadPoolExecutor(self.slots)
        return self

    def __exit__(self, *exc: Any) -> None:
        with self._lock:
            self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.end()
        self._threads.shutdown()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self._threads.submit(self._call, function, *arguments)

    def result(self, future: Future[Any]) -> Any:
        return future.result()

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """In a thread, of which there are as many as processes."""
        try:
            worker = self._idle.get_nowait()
        except Empty:
            worker = self._start()
        try:
            return worker.call(function, *arguments)
        finally:
            if worker.alive:
                self._idle.put(worker)

    def _start(self) -> Worker:
        with self._lock:
            if self._ended:
                raise BrokenExecutor("no more calls")
            worker = Worker()
            self._workers.add(worker)
            return worker
