"""A table, for the documentation, for a page and for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.table import Table as RichTable

from gen.markdown import markdown_table

__all__ = ["Table"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Texts in rows and columns, of which the first ``texts`` hold words and the others figures.

    Parameters
    ----------
    title:
        Above it; empty where a table belongs to what stands before.
    head, rows:
        Texts, as many in each row as in the head.
    texts:
        Columns that stand to the left.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {self.title!r} must have {len(self.head)} texts, not {row!r}")

    def markdown(self) -> str:
        """As Markdown, its title as a heading."""
        heading = f"### {self.title}\n\n" if self.title else ""
        return heading + markdown_table(self.head, self.rows, self.texts)

    def html(self) -> str:
        """As an element of a page, without its title."""
        head = "".join(f"<th>{escape(text)}</th>" for text in self.head)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>\n" for row in self.rows
        )
        return (
            f'<div class="scroll"><table class="texts-{self.texts}"><thead><tr>{head}</tr></thead>\n'
            f"<tbody>{rows}</tbody></table></div>\n"
        )

    def rich(self) -> RichTable:
        """For a terminal."""
        found = RichTable(title=self.title or None, box=None, pad_edge=False, title_justify="left")
        for n, name in enumerate(self.head):
            found.add_column(name, justify="left" if n < self.texts else "right")
        for row in self.rows:
            found.add_row(*row)
        return found
