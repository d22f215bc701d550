"""Many variants of a model, in parallel."""

import ctypes
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import Tensor

from dit.quality.experiment import Experiment
from dit.quality.row import Row
from dit.rivals.variants import VARIANTS, Calibration

__all__ = ["Result", "Workers", "evaluate", "keep_memory", "workers"]

Workers = ProcessPoolExecutor


@dataclass(frozen=True, eq=False)
class Result:
    """A variant's figures, and its images ``[n, 1, 8, 8]``."""

    row: Row
    images: Tensor


def keep_memory() -> None:
    """Keep what this process frees: every step takes as much again, at a page fault for every 4 KiB."""
    with suppress(OSError, AttributeError):  # only glibc can be told
        libc = ctypes.CDLL(None)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            libc.mallopt(option, 1 << 30)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def _begin() -> None:
    torch.set_num_threads(1)
    keep_memory()


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Processes of one thread each: small models gain more from these than from threads."""
    if count < 1:
        raise ValueError(f"jobs must be at least 1, not {count!r}")
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def evaluate(
    experiment: Experiment, names: Sequence[str], pool: Workers, progress: Callable[[str], None] | None = None
) -> list[Result]:
    """Measure the variants of these names.

    Parameters
    ----------
    experiment:
        The model, and how to measure.
    names:
        Of `VARIANTS`; the results come in this order.
    pool:
        See `workers`.
    progress:
        Called with the name of each variant that is done.
    """
    calibration = Calibration(experiment.model, experiment.batches)
    _ = calibration.statistics, calibration.ranges  # once here, not in every process
    futures = {pool.submit(_measure, experiment, calibration, name): name for name in names}
    results = {}
    for future in as_completed(futures):
        results[futures[future]] = future.result()
        if progress:
            progress(futures[future])
    return [results[name] for name in names]


def _measure(experiment: Experiment, calibration: Calibration, name: str) -> Result:
    variant = VARIANTS[name]
    return Result(*experiment.measure(variant.build(calibration), variant.description))
