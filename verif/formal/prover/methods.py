"""What it takes to prove a claim."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from bitwuzla import Bitwuzla, Kind, Option, Options, Result, TermManager

from verif.formal.prover.bench import ASSUMED, CLAIMED, HELPFUL
from verif.formal.prover.transition_system import TransitionSystem
from verif.formal.prover.unrolling import Unrolling

__all__ = ["AnyState", "Bounded", "FalseClaimError", "Induction", "Method", "UndecidedError"]


class FalseClaimError(Exception):
    """A claim does not hold: its name, and in which cycle."""


class UndecidedError(Exception):
    """The solver gave no answer within its time."""


@dataclass(frozen=True)
class Method(ABC):
    """A way to prove the claims of a bench."""

    @abstractmethod
    def prove(self, system: TransitionSystem, seconds: float) -> None:
        """Return if all claims hold.

        Raises ``FalseClaimError`` if one does not, and ``UndecidedError`` if that took more than ``seconds``.
        """

    @abstractmethod
    def refute(self, system: TransitionSystem, seconds: float) -> None:
        """Raise ``FalseClaimError`` if there is a run from reset in which a claim fails.

        Invariants that only help are no claims. Raises ``UndecidedError`` as ``prove``.
        """

    @property
    @abstractmethod
    def verdict(self) -> str:
        """What a table says of claims that it has proven."""


@dataclass(frozen=True)
class Induction(Method):
    """Claims and invariants hold for ``cycles`` after a reset, and after any ``cycles`` in which they held.

    Registers may hold anything before the reset, which takes one cycle. ``search`` is the number of
    cycles after it in which a mutant must fail.
    """

    cycles: int = 1
    search: int = 12
    verdict = "PROVEN"

    def __str__(self) -> str:
        return f"induction, {self.cycles}"

    def prove(self, system, seconds):
        end = time.monotonic() + seconds
        _check_after_reset(system, range(1, self.cycles + 1), (CLAIMED, HELPFUL), end)
        query = _Query(system, end)
        for cycle in range(self.cycles + 1):
            query.reset(cycle, False)
            query.assume(cycle, (ASSUMED,) if cycle == self.cycles else (ASSUMED, CLAIMED, HELPFUL))
        query.check(self.cycles, (CLAIMED, HELPFUL), "step of the induction")

    def refute(self, system, seconds):
        _search_after_reset(system, range(1, self.search + 1), time.monotonic() + seconds)


@dataclass(frozen=True)
class AnyState(Method):
    """Claims hold after ``cycles`` without reset, whatever registers held before; with 0, of all inputs."""

    cycles: int = 0
    verdict = "PROVEN"

    def __str__(self) -> str:
        return f"any state, {self.cycles}" if self.cycles else "all inputs"

    def prove(self, system, seconds):
        query = _Query(system, time.monotonic() + seconds)
        for cycle in range(self.cycles + 1):
            query.reset(cycle, False)
            query.assume(cycle, (ASSUMED,))
        query.check(self.cycles, (CLAIMED,))

    def refute(self, system, seconds):
        last = self.cycles + 1
        _search_after_reset(system, range(last, last + 1), time.monotonic() + seconds)


@dataclass(frozen=True)
class Bounded(Method):
    """Claims hold in the ``cycles`` after a reset. That is no proof for later ones."""

    cycles: int

    def __str__(self) -> str:
        return f"from reset, {self.cycles}"

    @property
    def verdict(self):
        return f"bounded to {self.cycles} cycles"

    def prove(self, system, seconds):
        _check_after_reset(system, range(1, self.cycles + 1), (CLAIMED,), time.monotonic() + seconds)

    refute = prove


def _check_after_reset(system, cycles: range, kinds, end):
    """Check the outputs of ``kinds`` in ``cycles`` after a reset in cycle 0."""
    for query, cycle in _after_reset(system, cycles, end):
        query.check(cycle, kinds, "after reset")


def _search_after_reset(system, cycles: range, end):
    """Look for a claim that fails in ``cycles`` after a reset in cycle 0."""
    for query, cycle in _after_reset(system, cycles, end):
        query.search(cycle, (CLAIMED,))


def _after_reset(system, cycles, end):
    """A query for each of ``cycles`` after a reset, with it."""
    query = _Query(system, end)
    query.reset(0, True)
    for cycle in range(1, cycles.stop):
        query.reset(cycle, False)
        query.assume(cycle, (ASSUMED,))
        if cycle in cycles:
            yield query, cycle


class _Query:
    """Formulas that are assumed, and checks of outputs under them, until the time ``end``."""

    def __init__(self, system, end):
        self._system = system
        self._end = end
        self._terms = TermManager()
        self._unrolling = Unrolling(self._terms, system)
        self._formulas = []

    def reset(self, cycle, active):
        reset = self._unrolling.reset(cycle)
        if reset is not None:
            self._formulas.append(reset if active else self._terms.mk_term(Kind.NOT, [reset]))

    def assume(self, cycle, kinds):
        self._formulas += [self._unrolling.output(name, cycle) for name in self._named(kinds)]

    def check(self, cycle, kinds, when="") -> None:
        """Check each output of ``kinds`` alone: a solver that starts anew simplifies more."""
        names = self._named(kinds)
        assert names or kinds != (CLAIMED,), "nothing is claimed"
        for name in names:
            self._check([name], cycle, when)

    def search(self, cycle, kinds) -> None:
        """Check all outputs of ``kinds`` together: one that fails is enough."""
        self._check(self._named(kinds), cycle, "after reset")

    def _check(self, names, cycle, when):
        holds = [self._unrolling.output(name, cycle) for name in names]
        false = self._terms.mk_term(Kind.NOT, [self._all(holds)])
        solver = self._solver()
        for formula in (*self._formulas, false):
            solver.assert_formula(formula)
        result = solver.check_sat()
        if result == Result.UNSAT:
            return
        if result == Result.SAT:
            failed = zip(names, map(solver.get_value, holds), strict=True)
            title = next(_title(name) for name, value in failed if value.is_false())
            raise FalseClaimError(
                f"{title}: cycle {cycle} {when}".rstrip() + f"\n{self._trace(solver, cycle)}"
            )
        raise UndecidedError(f"{', '.join(map(_title, names))}: cycle {cycle} {when}".rstrip())

    def _all(self, holds):
        return holds[0] if len(holds) == 1 else self._terms.mk_term(Kind.AND, holds)

    def _solver(self):
        left = self._end - time.monotonic()
        if left <= 0:
            raise UndecidedError("no time is left")
        options = Options()
        options.set(Option.TIME_LIMIT_PER, max(1, int(left * 1000)))
        options.set(Option.PRODUCE_MODELS, True)
        return Bitwuzla(self._terms, options)

    def _trace(self, solver, last):
        """Values of the inputs, a line for each cycle."""
        lines = []
        for cycle in range(last + 1):
            values = {
                name: solver.get_value(self._unrolling.input(name, cycle)).value(16)
                for name in self._system.inputs
                if name != "clk"
            }
            lines.append(f"  {cycle}: " + " ".join(f"{name}={value}" for name, value in values.items()))
        return "\n".join(lines)

    def _named(self, kinds: Sequence[str]):
        return [name for name in self._system.outputs if name.startswith(tuple(kinds))]


def _title(name: str) -> str:
    """The name of a claim or an invariant, from that of its output."""
    return name.removeprefix(CLAIMED).removeprefix(HELPFUL)
