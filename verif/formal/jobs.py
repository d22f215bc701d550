"""Proofs and mutants, several at a time, each in a process of its own."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from verif.formal.claims import all_claims

__all__ = ["Result", "results"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a claim, or of one of its mutants.

    Parameters
    ----------
    claim:
        Its name.
    mutant:
        What was changed; None for the claim itself.
    outcome:
        PROVEN, or to how many cycles; FAILED; UNDECIDED; NOT FAILED of a mutant that nothing tells apart.
    found:
        Where the claim fails.
    seconds:
        How long it took.
    """

    claim: str
    mutant: str | None
    outcome: str
    found: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it is as it is to be: a claim that holds, a mutant that fails."""
        failed, undecided = self.outcome == "FAILED", self.outcome in ("UNDECIDED", "NOT FAILED")
        return not undecided and failed == (self.mutant is not None)


def results(names: Iterable[str], jobs: int) -> Iterator[Result]:
    """The result of each of the claims ``names`` and of their mutants, as they come.

    Each has a process of its own, in which nothing of another mutant is left; long ones begin first.
    """
    wanted = set(names)
    tasks = [
        (claim.name, number)
        for claim in sorted(all_claims(), key=lambda claim: claim.quick)
        if claim.name in wanted
        for number in (None, *range(len(claim.mutants)))
    ]
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(_result, *task) for task in tasks]):
            yield future.result()


def _result(name, number):
    claim = next(claim for claim in all_claims() if claim.name == name)
    mutant = None if number is None else claim.mutants[number]
    start = time.monotonic()
    outcome, found = claim.outcome(mutant)
    return Result(
        claim=name,
        mutant=None if mutant is None else str(mutant),
        outcome=outcome,
        found=found,
        seconds=time.monotonic() - start,
    )
