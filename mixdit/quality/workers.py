"""Processes for calls that take a while each."""

import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress

import torch

__all__ = ["Workers", "workers"]

Workers = ProcessPoolExecutor


def _keep_memory() -> None:
    """Keep what this process frees: every step takes as much again, at a page fault for every 4 KiB."""
    with suppress(OSError, AttributeError):  # only glibc can be told
        libc = ctypes.CDLL(None)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            libc.mallopt(option, 1 << 30)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def _begin() -> None:
    torch.set_num_threads(1)
    _keep_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed leaves nobody behind who waits for calls."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C does nothing; processes that are started keep to that: who started them ends them."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Processes of one thread each: small models gain more from these than from threads."""
    if count < 1:
        raise ValueError(f"jobs must be at least 1, not {count!r}")
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_begin)
    with _without_interrupts():  # nor do its processes take any
        pool.submit(_keep_memory)
    try:
        yield pool
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
