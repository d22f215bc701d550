"""How long the rest takes."""

from collections import Counter, defaultdict
from collections.abc import Iterable

__all__ = ["Estimate"]


class Estimate:
    """Seconds that are left, from those that tasks of each kind took.

    Parameters
    ----------
    kinds:
        The kind of each task.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._left = Counter(kinds)
        self._took: dict[str, list[float]] = defaultdict(list)

    def done(self, kind: str, seconds: float | None) -> None:
        """Note a task that has ended; without seconds it says nothing about others."""
        self._left[kind] -= 1
        if seconds is not None:
            self._took[kind].append(seconds)

    def seconds(self, slots: int) -> float | None:
        """What is left with so many at a time; None until one of each kind that is left is done."""
        left = {kind: count for kind, count in self._left.items() if count > 0}
        if not all(self._took[kind] for kind in left):
            return None
        total = sum(count * sum(self._took[kind]) / len(self._took[kind]) for kind, count in left.items())
        return total / max(1, min(slots, sum(left.values())))
