"""What is left to find, and when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from perf.explore.point import Cycles, Point, Synthesis
from perf.explore.results import Key, Results

__all__ = ["Schedule"]


class Schedule:
    """Keys of what is not known about points, each once.

    A design is synthesized as soon as all its cycles are known, which are found in a moment; and not at all
    if it runs no workload. That does not depend on the order in which tasks end.

    Parameters
    ----------
    points:
        What is explored.
    results:
        What is known.
    with_synthesis:
        Whether sizes are wanted too.
    """

    def __init__(self, points: Sequence[Point], results: Results, with_synthesis: bool) -> None:
        self._results = results
        self._cycles = dict.fromkeys(p.cycles for p in points if results.found(p.cycles) is None)
        self._runs: dict[Synthesis, dict[Cycles, None]] = defaultdict(dict)
        self._followers: dict[Cycles, list[Synthesis]] = defaultdict(list)
        for each in points if with_synthesis else ():
            if results.found(each.synthesis) is None:
                self._runs[each.synthesis][each.cycles] = None
        for key, runs in self._runs.items():
            for cycles in runs.keys() & self._cycles.keys():
                self._followers[cycles].append(key)
        self._waits = {key: len(runs.keys() & self._cycles.keys()) for key, runs in self._runs.items()}

    def first(self) -> tuple[list[Key], list[Key]]:
        """What can be found now, and what may follow from it."""
        now, later = [], []
        for key, open_ in self._waits.items():
            if open_:
                later.append(key)
            elif self._is_wanted(key):
                now.append(key)
        return [*now, *self._cycles], [*later]

    def after(self, done: Key) -> tuple[list[Key], list[Key]]:
        """What can be found once this is, or has failed; and what is not wanted any more."""
        ready: list[Synthesis] = []
        for key in self._followers.pop(done, ()) if isinstance(done, Cycles) else ():
            self._waits[key] -= 1
            if not self._waits[key]:
                ready.append(key)
        wanted: list[Key] = [key for key in ready if self._is_wanted(key)]
        return wanted, [key for key in ready if key not in wanted]

    def _is_wanted(self, key: Synthesis) -> bool:
        found: Iterable[object] = ((self._results.found(c) or {}).get("refused") for c in self._runs[key])
        return not all(found)
