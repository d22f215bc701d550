"""A process that makes one call at a time."""

import ctypes
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Worker"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Options of ``mallopt``."""


class Worker:
    """A process of one thread: small models gain more from several of these than from threads.

    It has a process group of its own, with the tools that it calls. Ctrl-C does not reach it: who started it
    ends it. If that one is killed, all of them end.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        # What it starts with is inherited: until it has its own group, Ctrl-C waits.
        usual = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, usual)
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it takes calls."""
        return self._process.is_alive()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns or raises; BrokenExecutor if the process ends meanwhile."""
        try:
            self._connection.send((function, arguments))
            returned, result = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            self.end()
            raise BrokenExecutor("the process of a call has ended") from error
        if returned:
            return result
        raise result

    def end(self) -> None:
        """End it and its tools at once, whatever they are at."""
        with suppress(ProcessLookupError):
            os.killpg(int(self._process.pid or 0), signal.SIGKILL)
        self._process.kill()  # before it has its own group
        self._process.join()


def _serve(connection: Connection) -> None:
    """Make calls until nobody asks for more."""
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _keep_memory()
    os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it, which only calls import
    with suppress(EOFError):
        while True:
            try:
                function, arguments = connection.recv()
                answer: tuple[bool, Any] = True, function(*arguments)
            except EOFError:
                raise
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = False, error
            try:
                connection.send(answer)
            except Exception as error:  # it cannot be pickled
                connection.send((False, TypeError(f"the result of a call cannot be sent: {error}")))


def _end_with_parent() -> None:
    """Whoever is killed leaves nobody behind who waits for calls, and no tools."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _keep_memory() -> None:
    """Keep what this process frees: every step takes as much again, at a page fault for every 4 KiB."""
    with suppress(OSError, AttributeError):  # only glibc can be told
        libc = ctypes.CDLL(None)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            libc.mallopt(option, 1 << 30)
