"""What the processes of a comparison do; each keeps the model that it was asked for last."""

from threading import Lock
from typing import Any

from mixdit.compare.comparison import CompareError, Comparison
from mixdit.compare.subject import Arrays, Measurement, Subject

__all__ = ["make_reference", "measure"]

_LOCK = Lock()
"""A worker of a cluster may have several threads; a pipeline has one state."""

_SUBJECTS: dict[str, Subject] = {}
"""The latest, by digest."""


def make_reference(comparison: Comparison, number: int) -> Arrays:
    """See `Subject.reference`; CompareError if there is not enough memory."""
    arrays: Arrays = _run(comparison, "reference", number)
    return arrays


def measure(
    comparison: Comparison, name: str, number: int, reference: Arrays, predictions: bool
) -> Measurement:
    """See `Subject.measure`; CompareError if there is not enough memory."""
    measurement: Measurement = _run(comparison, "measure", name, number, reference, predictions)
    return measurement


def _run(comparison: Comparison, method: str, *arguments: Any) -> Any:
    import torch

    with _LOCK:
        torch.set_num_threads(comparison.threads)
        try:
            return getattr(_subject(comparison), method)(*arguments)
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "memory" not in str(error):
                raise
            raise CompareError(
                f"not enough memory on {comparison.device}: try fewer --jobs, or a smaller --size"
            ) from error


def _subject(comparison: Comparison) -> Subject:
    if comparison.digest not in _SUBJECTS:
        _SUBJECTS.clear()
        _SUBJECTS[comparison.digest] = Subject(comparison)
    return _SUBJECTS[comparison.digest]
