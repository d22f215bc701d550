"""What is claimed of primitives in cells, by Yosys' own solver."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.lib import wiring

from verif.netlist.proof import proven

__all__ = ["CellClaim"]


@dataclass(frozen=True, kw_only=True)
class CellClaim:
    """A claim that primitives in a family's cells equal their behavioural twins, see ``verif.netlist``.

    Parameters
    ----------
    unit, text, quick:
        As of a ``Claim``.
    miters:
        Makes the pairs to compare.
    family:
        The family whose cells they are made of.
    changed:
        For each mutant what it does, and its pair.
    """

    unit: str
    text: str
    miters: Mapping[str, wiring.Component]
    family: str
    changed: Mapping[str, wiring.Component]
    quick: bool = True
    method = "all inputs, Yosys"

    @property
    def name(self) -> str:
        """Unit and text."""
        return f"{self.unit}: {self.text}"

    @property
    def mutants(self) -> tuple[str, ...]:
        """What each mutant does."""
        return tuple(self.changed)

    def outcome(self, mutant: str | None = None) -> tuple[str, str]:
        """As of a ``Claim``."""
        miters = {"mutant": self.changed[mutant]} if mutant else self.miters
        false = sorted(miters.keys() - proven(miters, self.family))
        if false:
            return "FAILED", ", ".join(false)
        return "NOT FAILED" if mutant else "PROVEN", ""
