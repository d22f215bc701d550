"""``python -m verif.formal``: prove all claims, see every mutant fail, print the table."""

import json
import sys
from dataclasses import asdict
from os import cpu_count
from time import monotonic
from typing import Annotated

import typer

from verif.formal.claims import all_claims
from verif.formal.jobs import Result, results
from verif.formal.page import publish
from verif.formal.table import table


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Claims whose name has this text; all without.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Those alone that take seconds.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Proofs at a time.")] = cpu_count() or 1,
    as_list: Annotated[bool, typer.Option("--list", help="Name the claims, prove nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    to_page: Annotated[bool, typer.Option("--publish", help="Renew the table of docs/proofs.md.")] = False,
) -> None:
    """Prove claims about the hardware, and see mutants break them; exits with 1 if one is not so."""
    if to_page and (only or quick):
        raise typer.BadParameter(
            "the page has all claims: not with --only or --quick", param_hint="--publish"
        )
    claims = [
        claim
        for claim in all_claims()
        if (claim.quick or not quick)
        and (not only or any(text.lower() in claim.name.lower() for text in only))
    ]
    if not claims:
        raise typer.BadParameter("no claim has this text in its name", param_hint="only")
    if as_list:
        for claim in claims:
            print(f"{claim.name} ({claim.method}; {len(claim.mutants)} mutants)")
        return
    started = monotonic()
    found = []
    for result in results((claim.name for claim in claims), jobs):
        found.append(result)
        _report(result)
    if as_json:
        print(json.dumps([asdict(result) for result in found], indent=2))
    else:
        print(table(claims, found))
        bad = sum(not result.good for result in found)
        print(
            f"{len(claims)} claims, {len(found) - len(claims)} mutants, {bad} not as they are to be; "
            f"{sum(result.seconds for result in found):.0f} s of solving in {monotonic() - started:.0f} s"
        )
    if to_page:
        publish(claims, found, jobs, monotonic() - started)
    sys.exit(not all(result.good for result in found))


def _report(result: Result) -> None:
    """Say on stderr what has ended, and how a claim fails that should not."""
    mutant = f", with {result.mutant}" if result.mutant else ""
    print(f"{result.outcome}, {result.seconds:.1f} s: {result.claim}{mutant}", file=sys.stderr, flush=True)
    if not result.good and result.found:
        print(result.found, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
