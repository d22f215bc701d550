"""The report on coverage, for people."""

from collections.abc import Iterator, Mapping, Sequence

from gen.markdown import markdown_table
from verif.code_coverage.merged import Merged
from verif.code_coverage.python import Branches

__all__ = ["report"]


def report(modules: Mapping[str, Merged], packages: Mapping[str, Branches]) -> str:
    """Markdown: a table of Verilog modules and one of Python packages, then what no test saw."""
    hardware = [(name, *_cells(each)) for name, each in sorted(modules.items())]
    total = ("all", *_cells(_together(modules.values())))
    head = ("modules", "lines and branches run", "of", "", "edges of bits seen", "of", "")
    software = [
        (name, f"{each.taken:,}", f"{each.all:,}", _share(each.taken, each.all))
        for name, each in packages.items()
    ]
    parts = [
        "# Coverage",
        "",
        "## Exported Verilog",
        "",
        markdown_table(head, [*hardware, total], 1),
        "## Python",
        "",
        markdown_table(("package", "branches taken", "of", ""), software, 1),
        "## Not seen",
        "",
        *_still(modules),
        *_missing(packages),
    ]
    return "\n".join(parts) + "\n"


def _together(modules: Sequence[Merged]) -> Merged:
    found = Merged()
    for number, each in enumerate(modules):
        found.lines |= {(number, key): seen for key, seen in each.lines.items()}
        found.toggles |= {(number, key): seen for key, seen in each.toggles.items()}
    return found


def _cells(merged: Merged) -> tuple[str, ...]:
    cells: tuple[str, ...] = ()
    for points in (merged.lines, merged.toggles):
        seen = sum(points.values())
        cells += (f"{seen:,}", f"{len(points):,}", _share(seen, len(points)))
    return cells


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _still(modules: Mapping[str, Merged]) -> Iterator[str]:
    for name, merged in sorted(modules.items()):
        if not_run := merged.lines_not_run():
            yield f"- {name}: {not_run} lines or branches"
        for signal, unseen, edges in merged.still_signals():
            yield f"- {name}: `{signal}`, {unseen} of {edges} edges"


def _missing(packages: Mapping[str, Branches]) -> Iterator[str]:
    for branches in packages.values():
        for name, lines in (branches.missing or {}).items():
            yield f"- {name}: lines {', '.join(map(str, lines))}"
