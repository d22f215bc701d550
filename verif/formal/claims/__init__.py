"""All claims: a file for each unit, or for units of one kind, with a list CLAIMS."""

from importlib import import_module
from pkgutil import iter_modules

from verif.formal.prover.claim import Claim

__all__ = ["all_claims"]


def all_claims() -> list[Claim]:
    """Every claim, in the order of the files' names."""
    names = sorted(module.name for module in iter_modules(__path__))
    claims = [claim for name in names for claim in import_module(f"{__name__}.{name}").CLAIMS]
    assert len({claim.name for claim in claims}) == len(claims), "two claims have the same name"
    return claims
