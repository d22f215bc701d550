"""Many variants of models, in parallel."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from mixdit.quality.experiment import Experiment
from mixdit.quality.result import Result
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.variants import VARIANTS
from mixdit.tasks.executor import Executor
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task

__all__ = ["evaluate"]


def evaluate(
    models: Mapping[str, int],
    steps: int,
    names: Mapping[str, Sequence[str]],
    executor: Executor,
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
        Of `VARIANTS`, by model; its results come in this order.
    executor:
        Who does the work.
    progress:
        Called with model and variant for each that is done.
    guidance:
        Scale of classifier-free guidance, 1 for none.

    Yields
    ------
    experiment, results
        Of each model, in the order of ``models``, as soon as all its variants are measured.

    Raises
    ------
    TaskError
        No cluster, or processes that end again and again.
    """
    waiting = deque(
        Task(f"{model}: float32", _prepare, partial(tuple, (model, count, steps, guidance)), (model, ""))
        for model, count in models.items()
    )
    left = deque(models)
    experiments: dict[str, Experiment] = {}
    results: dict[str, dict[str, Result]] = {model: {} for model in models}
    for task, result in run_tasks(executor, waiting):
        model, variant = task.key
        if variant:
            results[model][variant] = result
            progress(model, variant)
        else:
            experiments[model], _ = result
            waiting.extend(
                Task(f"{model}: {name}", _measure, partial(tuple, (*result, name)), (model, name))
                for name in names[model]
            )
        while left and left[0] in experiments and len(results[left[0]]) == len(names[left[0]]):
            model = left.popleft()
            yield experiments.pop(model), [results[model][name] for name in names[model]]


def _prepare(model: str, samples: int, steps: int, guidance: float) -> tuple[Experiment, Calibration]:
    """An experiment, and a calibration with all that its variants share."""
    experiment = Experiment(model, samples, steps, guidance)
    calibration = Calibration(experiment.model, experiment.batches)
    _ = calibration.statistics, calibration.ranges
    return experiment, calibration


def _measure(experiment: Experiment, calibration: Calibration, name: str) -> Result:
    variant = VARIANTS[name]
    return experiment.measure(variant.build(calibration), variant.description)
