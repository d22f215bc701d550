"""Many variants of a model, in parallel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed

from mixdit.quality.experiment import Experiment
from mixdit.quality.result import Result
from mixdit.quality.workers import Workers
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.variants import VARIANTS

__all__ = ["evaluate"]


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
        See `mixdit.quality.workers.workers`.
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
