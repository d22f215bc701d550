"""Timing of actions beside each other."""

import time
from collections.abc import Callable, Iterable, Sequence

__all__ = ["fastest", "milliseconds"]

ROUNDS = 15


def fastest(*actions: Callable[[], object]) -> list[float]:
    """Seconds of each action, the fastest of interleaved rounds."""
    best = [float("inf")] * len(actions)
    for _ in range(ROUNDS):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            action()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def milliseconds(names: Iterable[str], seconds: Sequence[float], to: str) -> list[dict[str, object]]:
    """Rows of a table: the time of each action behind the first, which is called ``to``, beside its time."""
    first, *others = seconds
    return [
        {"what": name, "value": s * 1e3, "unit": "ms", "ratio": s / first, "to": to}
        for name, s in zip(names, others, strict=True)
    ]
