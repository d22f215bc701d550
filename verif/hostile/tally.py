"""Counts of a target's inputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from verif.hostile.judge import Verdict

__all__ = ["Tally", "table"]


@dataclass
class Tally:
    """What became of a target's inputs.

    Attributes
    ----------
    target:
        Its name.
    planned:
        How many inputs it is to have.
    accepted, refused:
        How many of them it took, and how many it refused as documented.
    findings:
        How many did anything else.
    seconds:
        Of all its processes, by the clock.
    faults:
        Number of an input, its verdict, and how many there were like it, by kind and place.
    inputs:
        The shortest input of each fault.
    """

    target: str
    planned: int
    accepted: int = 0
    refused: int = 0
    findings: int = 0
    seconds: float = 0.0
    faults: dict[tuple[str, str], tuple[int, Verdict, int]] = field(default_factory=dict)
    inputs: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """Inputs so far."""
        return self.accepted + self.refused + self.findings

    def find(self, number: int, verdict: Verdict, data: bytes | None) -> None:
        """Count a fault."""
        self.findings += 1
        key = (verdict.kind, verdict.place)
        first, kept, count = self.faults.get(key, (number, verdict, 0))
        known = self.inputs.get(key)
        if data is not None and (known is None or len(data) < len(known)):
            self.inputs[key] = data
            first, kept = number, verdict
        self.faults[key] = (first, kept, count + 1)

    def figures(self) -> dict[str, object]:
        """For programs."""
        return {
            "target": self.target,
            "inputs": self.judged,
            "accepted": self.accepted,
            "refused": self.refused,
            "findings": self.findings,
            "seconds": round(self.seconds, 1),
            "faults": [
                {"kind": verdict.kind, "place": verdict.place, "message": verdict.message, "inputs": count}
                for _, verdict, count in self.faults.values()
            ],
        }


def table(tallies: Sequence[Tally]) -> Table:
    """A row for each target, and one for all."""
    shown = Table(box=None, pad_edge=False)
    for title in ("target", "inputs", "accepted", "refused", "findings", "seconds"):
        shown.add_column(title, justify="left" if title == "target" else "right")
    total = Tally("all", sum(tally.planned for tally in tallies))
    for name in ("accepted", "refused", "findings", "seconds"):
        setattr(total, name, sum(getattr(tally, name) for tally in tallies))
    for tally in (*tallies, total):
        counts = (tally.judged, tally.accepted, tally.refused, tally.findings)
        shown.add_row(tally.target, *(f"{count:,}" for count in counts), f"{tally.seconds:,.0f}")
    return shown
