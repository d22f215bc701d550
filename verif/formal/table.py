"""The table of claims and mutants."""

from collections.abc import Sequence

from verif.formal.jobs import Result
from verif.formal.prover.claim import Claim

__all__ = ["table"]

_COLUMNS = ("unit", "property", "how", "result", "s", "mutant", "result", "s")


def table(claims: Sequence[Claim], found: Sequence[Result]) -> str:
    """A row for each mutant of each claim, whose own result is in the first of them."""
    by_task = {(result.claim, result.mutant): result for result in found}
    rows = [_COLUMNS]
    for claim in claims:
        own = by_task[claim.name, None]
        left = (claim.unit, claim.text, str(claim.method), own.outcome, f"{own.seconds:.1f}")
        for mutant in claim.mutants:
            result = by_task[claim.name, str(mutant)]
            rows.append((*left, str(mutant), result.outcome, f"{result.seconds:.1f}"))
            left = ("",) * len(left)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(_cell, row, widths, _COLUMNS)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _cell(text: str, width: int, column: str) -> str:
    """Seconds to the right, everything else to the left."""
    return text.rjust(width) if column == "s" else text.ljust(width)
