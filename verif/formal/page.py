"""The table of docs/proofs.md."""

from collections.abc import Sequence
from pathlib import Path

from gen.markdown import renew_section
from verif.formal.jobs import Result
from verif.formal.prover.claim import Claim
from verif.formal.table import table

__all__ = ["PAGE", "publish"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "proofs.md"


def publish(claims: Sequence[Claim], found: Sequence[Result], jobs: int, seconds: float) -> None:
    """Put the results of all claims into the page, which took ``seconds`` with ``jobs`` proofs at a time."""
    how_long = f"{len(found)} proofs, {jobs} at a time, took {seconds / 60:.0f} minutes."
    renew_section(PAGE, "proofs", f"{how_long}\n\n```text\n{table(claims, found)}\n```\n")
