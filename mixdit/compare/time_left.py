"""How long the rest of a comparison takes."""

import time
from collections.abc import Callable

__all__ = ["TimeLeft"]


class TimeLeft:
    """Seconds that are left, from what was done since this was made; what was there before took no time.

    Parameters
    ----------
    work:
        What there is to do, in any unit.
    clock:
        Seconds.
    """

    def __init__(self, work: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._done = work, 0.0
        self._clock, self._start = clock, clock()

    def done(self, work: float) -> None:
        """Note that so much of it is done."""
        self._done += work
        self._left -= work

    @property
    def seconds(self) -> float | None:
        """What is left, as fast as so far, by all who work; None until something is done."""
        if not self._done:
            return None
        return (self._clock() - self._start) / self._done * self._left
