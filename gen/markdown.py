"""Markdown that commands write: tables, and sections of a page.

A section stands between the marks ``<!-- name -->`` and ``<!-- end of name -->``.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from gen.files import write_text

__all__ = ["markdown_table", "renew_section", "section", "with_section"]


def markdown_table(columns: Sequence[str], lines: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table, its first ``texts`` columns to the left, the others to the right."""
    rows = [columns, ["---"] * texts + ["---:"] * (len(columns) - texts), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"


def section(page: str, name: str) -> str:
    """The text between the marks of ``name`` in ``page``. Raises ValueError without such marks."""
    found = _place(name).search(page)
    if not found:
        raise ValueError(f"the page has no marks of {name!r}")
    return found[2]


def with_section(page: str, name: str, text: str) -> str:
    """``page`` with ``text`` between the marks of ``name``. Raises ValueError without such marks."""
    section(page, name)
    return _place(name).sub(lambda marks: f"{marks[1]}{text}{marks[3]}", page)


def renew_section(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks of ``name`` in a file. Raises ValueError without such marks."""
    write_text(path, with_section(path.read_text(encoding="utf-8"), name, text))


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {re.escape(name)} -->\n)(.*?)(<!-- end of {re.escape(name)} -->)", re.DOTALL)
