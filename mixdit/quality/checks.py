"""Whether claims hold, each with a worse variant that must fail it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixdit.quality.claim import Claim, Results
from mixdit.quality.claims import BEST_PLAN, CANDIDATES
from mixdit.quality.result import Result

__all__ = ["Check", "check_results", "variants_of"]


@dataclass(frozen=True)
class Check:
    """A claim about a model, and what was measured.

    Parameters
    ----------
    model, claim:
        What about what.
    measured, borne_out:
        Of the variant that the claim is about, and whether that bears it out.
    control, control_measured, control_fails:
        The worse variant, the same of it, and whether the claim fails for it as it must.
    """

    model: str
    claim: str
    measured: str
    borne_out: bool
    control: str
    control_measured: str
    control_fails: bool

    @property
    def holds(self) -> bool:
        """The claim is borne out, and not by the worse variant too."""
        return self.borne_out and self.control_fails


def check_results(results: Sequence[Result], claims: Iterable[Claim]) -> list[Check]:
    """Every claim about every model that it is made for; ``results`` hold all variants."""
    checks = []
    for model in dict.fromkeys(result.row.model for result in results):
        table = {result.row.variant: result for result in results if result.row.model == model}
        if set(CANDIDATES) <= table.keys():
            table[BEST_PLAN] = table[_best_plan(table)]
        checks += [_check(model, claim, table) for claim in _made_for(model, claims)]
    return checks


def variants_of(model: str, claims: Iterable[Claim]) -> set[str]:
    """Those that the claims about a model take, with all that may be the best plan."""
    names = {name for claim in _made_for(model, claims) for name in claim.names()}
    return names - {BEST_PLAN} | (set(CANDIDATES) if BEST_PLAN in names else set())


def _made_for(model: str, claims: Iterable[Claim]) -> list[Claim]:
    return [claim for claim in claims if model in (claim.models or (model,))]


def _best_plan(results: Results) -> str:
    """The candidate with the highest SQNR on calibration images: those that judge it have no part in this."""
    return max(CANDIDATES, key=lambda name: results[name].row.sqnr_calibration_db)


def _check(model: str, claim: Claim, results: Results) -> Check:
    text = claim.text()
    if claim.variant == BEST_PLAN:
        text = text.replace(BEST_PLAN, f"{BEST_PLAN} ({results[BEST_PLAN].row.variant})")
    measured, borne_out = claim.judge(results, claim.variant)
    control_measured, control_holds = claim.judge(results, claim.control)
    return Check(model, text, measured, borne_out, claim.control, control_measured, not control_holds)
