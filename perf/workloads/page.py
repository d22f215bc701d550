"""The page of the documentation that performance has, whose tables commands write."""

import re
from pathlib import Path

from gen.files import write_text

__all__ = ["PAGE", "publish", "section"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def section(page: str, name: str) -> str:
    """The text between the marks of ``name`` in ``page``.

    Raises
    ------
    ValueError
        Without such marks.
    """
    found = _place(name).search(page)
    if not found:
        raise ValueError(f"the page has no marks of {name!r}")
    return found[2]


def publish(name: str, text: str) -> None:
    """Put ``text`` between the marks of ``name`` in ``PAGE``."""
    page = PAGE.read_text()
    section(page, name)
    write_text(PAGE, _place(name).sub(lambda marks: f"{marks[1]}{text}{marks[3]}", page))


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)
