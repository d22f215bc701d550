"""A picture as text: lines, bars, marks and words, for pages without scripts and for the documentation."""

import math
from dataclasses import dataclass, field
from html import escape

__all__ = ["PALETTE", "Drawing", "LogAxis"]

PALETTE = ("#2f6690", "#d9a441", "#3a7d44", "#b56576", "#81a4cd", "#7a5195")
"""Colours of series, in their order; all are readable on white."""

_INK, _PALE = "#333333", "#dddddd"


@dataclass(frozen=True, kw_only=True)
class LogAxis:
    """Where values from ``least`` to ``most`` lie between two places, by their logarithm.

    Raises
    ------
    ValueError
        If ``least`` is not above 0 or ``most`` not above it.
    """

    least: float
    most: float
    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 < self.least < self.most:
            raise ValueError(f"an axis must go from above 0 upwards, not from {self.least} to {self.most}")

    def __call__(self, value: float) -> float:
        part = math.log(value / self.least) / math.log(self.most / self.least)
        return self.start + part * (self.end - self.start)


@dataclass(kw_only=True)
class Drawing:
    """A picture of so many pixels; ``title`` is what it shows, for those who cannot see it."""

    width: float
    height: float
    title: str
    _parts: list[str] = field(default_factory=list)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, color: str = _PALE, wide: float = 1
    ) -> None:
        """A straight line."""
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"'
            f' stroke-width="{wide:g}"/>'
        )

    def bar(self, x1: float, y1: float, x2: float, y2: float, color: str) -> None:
        """A filled rectangle, at least half a pixel wide so that it is seen."""
        left, wide = min(x1, x2), max(0.5, abs(x2 - x1))
        self._parts.append(
            f'<rect x="{left:.1f}" y="{y1:.1f}" width="{wide:.1f}" height="{y2 - y1:.1f}" fill="{color}"/>'
        )

    def mark(self, x: float, y: float, color: str, shape: int = 0, note: str = "") -> None:
        """A point: a disc, a square, a diamond or a triangle; ``note`` shows under the pointer."""
        places = [
            "",
            "-4,-4 4,-4 4,4 -4,4",
            "0,-5.5 5.5,0 0,5.5 -5.5,0",
            "0,-5 5,4 -5,4",
        ][shape % 4]
        what = f'<polygon points="{places}"' if places else '<circle r="4.5"'
        inside = f"<title>{escape(note)}</title>" if note else ""
        self._parts.append(
            f'<g transform="translate({x:.1f} {y:.1f})">{what} fill="{color}" fill-opacity="0.9"'
            f' stroke="#ffffff" stroke-width="0.8"/>{inside}</g>'
        )

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", size: float = 12, bold: bool = False
    ) -> None:
        """Words whose start, middle or end stands at ``x``, on the line ``y``."""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}"{weight}>'
            f"{escape(words)}</text>"
        )

    def __str__(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}"'
            f' width="{self.width:g}" height="{self.height:g}" role="img"'
            f' font-family="system-ui, sans-serif" fill="{_INK}">\n<title>{escape(self.title)}</title>\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(self._parts) + "\n</svg>\n"
        )
