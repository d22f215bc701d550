"""Many variants of a model, in parallel."""

import ctypes
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress

import torch

from mixdit.quality.experiment import Experiment
from mixdit.quality.result import Result
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.variants import VARIANTS

__all__ = ["Workers", "evaluate", "workers"]

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


def evaluate(
    models: Mapping[str, int],
    steps: int,
    names: Sequence[str],
    pool: Workers,
    progress: Callable[[str, str], None] = lambda model, variant: None,
    guidance: float = 1.0,
) -> Iterator[tuple[Experiment, list[Result]]]:
    """Measure variants of models, each model as soon as it is prepared.

    Parameters
    ----------
    models:
        Images of each model.
    steps:
        Denoising steps.
    names:
        Of `VARIANTS`; the results of a model come in this order.
    pool:
        See `workers`.
    progress:
        Called with model and variant for each that is done.
    guidance:
        Scale of classifier-free guidance, 1 for none.

    Yields
    ------
    experiment, results
        Of each model, in the order of ``models``.
    """
    preparing = [
        (pool.submit(_prepare, model, count, steps, guidance), model) for model, count in models.items()
    ]
    measuring: dict[str, list[Future[Result]]] = {}

    def submit(model: str, prepared: Future[tuple[Experiment, Calibration]]) -> None:
        measuring[model] = [pool.submit(_measure, *prepared.result(), name) for name in names]
        for name, future in zip(names, measuring[model], strict=True):
            future.add_done_callback(lambda done, name=name: progress(model, name))

    for prepared in as_completed(future for future, _ in preparing):
        submit(next(model for future, model in preparing if future is prepared), prepared)
    for prepared, model in preparing:
        yield prepared.result()[0], [future.result() for future in measuring[model]]


def _prepare(model: str, samples: int, steps: int, guidance: float) -> tuple[Experiment, Calibration]:
    """An experiment, and a calibration with all that its variants share."""
    experiment = Experiment(model, samples, steps, guidance)
    calibration = Calibration(experiment.model, experiment.batches)
    _ = calibration.statistics, calibration.ranges
    return experiment, calibration


def _measure(experiment: Experiment, calibration: Calibration, name: str) -> Result:
    variant = VARIANTS[name]
    return experiment.measure(variant.build(calibration), variant.description)
