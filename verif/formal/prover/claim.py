"""What is claimed of a unit, how it is proven, and the mutants that must break it."""

from collections.abc import Callable
from dataclasses import dataclass

from verif.formal.prover.bench import Bench
from verif.formal.prover.methods import FalseClaimError, Method, UndecidedError
from verif.formal.prover.mutation import Edit, applied
from verif.formal.prover.names import NAMES
from verif.formal.prover.transition_system import transition_system

__all__ = ["Claim"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim.

    Parameters
    ----------
    unit, text:
        What it is about, and what holds.
    build:
        Makes its bench, see ``Bench``.
    method:
        How it is proven.
    mutants:
        Changes of the hardware that make it false.
    quick:
        Whether proof and mutants take a few seconds.
    seconds:
        How long the solver may take for each.
    models:
        Gives Verilog of the cells that the bench is made of.
    """

    unit: str
    text: str
    build: Callable[[Bench], None]
    method: Method
    mutants: tuple[Edit, ...]
    quick: bool = True
    seconds: float = 300
    models: Callable[[], str] = str

    @property
    def name(self) -> str:
        """Unit and text."""
        return f"{self.unit}: {self.text}"

    def outcome(self, mutant: Edit | None = None) -> tuple[str, str]:
        """PROVEN or bounded, FAILED or UNDECIDED, of the unit or of a mutant; and what the solver found."""
        try:
            with applied((*NAMES, *filter(None, [mutant]))):
                system = transition_system(Bench(self.build), models=self.models())
            (self.method.refute if mutant else self.method.prove)(system, self.seconds)
        except FalseClaimError as error:
            return "FAILED", str(error)
        except UndecidedError as error:
            return "UNDECIDED", str(error)
        return ("NOT FAILED" if mutant else self.method.verdict), ""
