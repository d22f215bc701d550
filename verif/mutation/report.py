"""What became of mutants, module by module."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from gen.markdown import markdown_table, renew_section
from verif.mutation.campaign import Outcome, Run
from verif.mutation.survivors import REASONS

__all__ = ["PAGE", "console_table", "publish", "unexplained"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mutants.md"

_COLUMNS = ("module", "mutants", "killed", "survived", "of these with a reason")


def unexplained(runs: Sequence[Run]) -> list[Run]:
    """Survivors without a reason."""
    return [run for run in _survivors(runs) if run.site.key not in REASONS]


def console_table(runs: Sequence[Run]) -> Table:
    """A line for each module, and one for all."""
    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "module" else "right")
    for line in _lines(runs):
        table.add_row(*line)
    return table


def publish(runs: Sequence[Run], without: Mapping[str, str], *, done: int, modules: int) -> None:
    """Renew the tables of docs/mutants.md, which say if only ``done`` of ``modules`` modules were run.

    ``without``: modules that have no mutants, and what they have instead.
    """
    some = (
        "" if done == modules else f"{done} of {modules} modules so far; the others are still to be run.\n\n"
    )
    lines = [(f"`{name}`" if "." in name else name, *figures) for name, *figures in _lines(runs)]
    renew_section(PAGE, "modules", some + markdown_table(_COLUMNS, lines))
    others = [(f"`{name}`", reason) for name, reason in without.items()]
    renew_section(PAGE, "without", markdown_table(("module", "what it has"), others, 2))
    survivors = [
        (
            f"`{run.site.module}`, {run.site.within}",
            f"`{run.site.text}`".replace("|", "\\|"),
            run.site.change,
            REASONS.get(run.site.key, ""),
        )
        for run in _survivors(runs)
    ]
    renew_section(PAGE, "survivors", markdown_table(("where", "what", "becomes", "why"), survivors, 4))


def _lines(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(run.site.module for run in runs)
    lines = [_line(name, [run for run in runs if run.site.module == name]) for name in names]
    return [*lines, _line("all", runs)]


def _line(name: str, runs: Sequence[Run]) -> tuple[str, ...]:
    survivors = _survivors(runs)
    explained = sum(run.site.key in REASONS for run in survivors)
    return name, f"{len(runs)}", f"{len(runs) - len(survivors)}", f"{len(survivors)}", f"{explained}"


def _survivors(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.outcome is Outcome.SURVIVED]
