"""All inputs of all targets, in several processes at a time."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawArray
from tempfile import TemporaryDirectory
from typing import Any

from verif.hostile.judge import Verdict
from verif.hostile.tally import Tally
from verif.hostile.targets.target import Target
from verif.hostile.worker import Batch, input_of, work

__all__ = ["counts", "run"]

_BATCHES = 4
"""Into how many batches a target's inputs are cut, at least; a batch starts a process, with its imports."""

_LONGEST = 5000
"""Inputs of a batch."""

_START_SECONDS = 300.0
"""In which a process has imported everything, on the busiest machine."""

_CONTEXT = get_context("forkserver")  # its processes are copies of one that has imported everything


def counts(targets: Sequence[Target], inputs: int) -> dict[str, int]:
    """How many of so many inputs each target gets, one at least."""
    total = sum(target.share for target in targets)
    found = {target.name: max(1, int(inputs * target.share / total)) for target in targets}
    most = max(targets, key=lambda target: target.share).name
    found[most] = max(1, found[most] + inputs - sum(found.values()))
    return found


def run(
    targets: Sequence[Target],
    inputs: int,
    seed: int,
    jobs: int,
    show: Callable[[Sequence[Tally]], None] = lambda tallies: None,
) -> list[Tally]:
    """Judge so many inputs; ``show`` is told now and then how far it has come."""
    _CONTEXT.set_forkserver_preload(["verif.hostile.targets"])
    shares = counts(targets, inputs)
    tallies = {target.name: Tally(target.name, shares[target.name]) for target in targets}
    waiting = deque(batch for target in targets for batch in _batches(target, shares[target.name], seed))
    running: list[_Running] = []
    with TemporaryDirectory(prefix="hostile-", dir=_fast_folder(), ignore_cleanup_errors=True) as folder:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    batch = waiting.popleft()
                    running.append(_Running(batch, folder, tallies[batch.target.name]))
                wait([each.process.sentinel for each in running], timeout=0.1)
                for each in [each for each in running if each.has_ended()]:
                    running.remove(each)
                    waiting.extendleft(each.rest())
                show(list(tallies.values()))
        finally:
            for each in running:
                each.process.kill()
    return list(tallies.values())


def _fast_folder() -> str | None:
    """One in memory, where there is such."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _batches(target: Target, count: int, seed: int) -> list[Batch]:
    valid = tuple(target.valid())
    size = min(_LONGEST, -(-count // _BATCHES))
    return [Batch(target, valid, seed, n, min(n + size, count)) for n in range(0, count, size)]


class _Running:
    """A process at work on a batch."""

    def __init__(self, batch: Batch, folder: str, tally: Tally) -> None:
        self._batch, self._tally = batch, tally
        self._shared: Any = RawArray("q", (batch.start, 0, 0, 0))
        self._results, theirs = _CONTEXT.Pipe(duplex=False)
        self.process = _CONTEXT.Process(target=work, args=(batch, folder, self._shared, theirs), daemon=True)
        self._began = self._moved = time.monotonic()
        self._at, self._killed = (-1, 0), False
        self.process.start()
        theirs.close()

    def has_ended(self) -> bool:
        """Whether the process is done, or was ended because an input takes too long."""
        self._receive()
        now = time.monotonic()
        at = self._shared[0], self._shared[3]
        if at != self._at:
            self._at, self._moved = at, now
        if self.process.is_alive():
            if now - self._moved <= (self._batch.target.seconds if self._shared[3] else _START_SECONDS):
                return False
            self._killed = True
            self.process.kill()
        self.process.join()
        self._receive()
        self._tally.accepted += self._shared[1]
        self._tally.refused += self._shared[2]
        self._tally.seconds += now - self._began
        return True

    def rest(self) -> list[Batch]:
        """What is left behind the input that ended the process; it is a finding."""
        number, batch = self._shared[0], self._batch
        if number >= batch.stop:
            return []
        seconds, code = batch.target.seconds, self.process.exitcode
        if self._killed:
            verdict = Verdict("hang", "", f"no answer within {seconds:g} seconds")
        else:
            verdict = Verdict("end", f"exit code {code}", f"the process ended with exit code {code}")
        self._tally.find(number, verdict, input_of(batch, number))
        return [replace(batch, start=number + 1)] if number + 1 < batch.stop else []

    def _receive(self) -> None:
        with suppress(EOFError):
            while self._results.poll():
                self._tally.find(*self._results.recv())
