"""What follows from results: times, and which designs are the best."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perf.explore.devices import Limits

__all__ = ["BEST", "Figures", "best", "figures_of", "front"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Figures:
    """A row of results with what follows from it.

    Parameters
    ----------
    row:
        By the names of `perf.explore.columns.SCHEMA`.
    clock_mhz:
        Its clock.
    clock_status:
        M: of a placed design; A: assumed.
    exceeded:
        Which limit it exceeds, in words; empty for none.
    """

    row: Mapping[str, Any]
    clock_mhz: float
    clock_status: str
    exceeded: str

    @property
    def group(self) -> tuple[str, str, str]:
        """Workload, mix and family: what can be compared is in the same one."""
        return self.row["workload"], self.row["mix"], self.row["family"]

    @property
    def seconds(self) -> float:
        """Of a step, or of the product."""
        return float(self.row["cycles"]) / (self.clock_mhz * 1e6)

    @property
    def lut(self) -> int | None:
        """Look-up tables, None if that is not known."""
        lut: int | None = self.row["lut"]
        return lut

    @property
    def speed_per_lut(self) -> float | None:
        """Runs per second and thousand look-up tables."""
        return 1000 / (self.seconds * self.lut) if self.lut else None

    @property
    def busy(self) -> float:
        """Share of cycles in which the arrays multiply blocks."""
        return float(self.row["busy"]) / float(self.row["cycles"])

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            **self.row,
            "clock_mhz": self.clock_mhz,
            "clock_status": self.clock_status,
            "seconds": self.seconds,
            "speed_per_kilolut": self.speed_per_lut,
            "exceeded": self.exceeded,
        }


def figures_of(row: Mapping[str, Any], clock_mhz: float, limits: Limits) -> Figures | None:
    """Those of a row, at the clock of its placement, else at ``clock_mhz``; None for a row without cycles."""
    if row["cycles"] is None:
        return None
    placed = row["fmax_mhz"]
    return Figures(
        row=row,
        clock_mhz=placed or clock_mhz,
        clock_status="M" if placed else "A",
        exceeded=limits.exceeded(row),
    )


def front(figures: Iterable[Figures]) -> list[Figures]:
    """Those of one group within limits that no other beats in time and look-up tables; the smallest first."""
    known = sorted(
        (f for f in figures if f.lut is not None and not f.exceeded), key=lambda f: (f.lut, f.seconds)
    )
    chosen: list[Figures] = []
    for each in known:
        if not chosen or each.seconds < chosen[-1].seconds or _same(each, chosen[-1]):
            chosen.append(each)
    return chosen


def _same(a: Figures, b: Figures) -> bool:
    return (a.lut, a.seconds) == (b.lut, b.seconds)


BEST: Mapping[str, Callable[[Figures], float | None]] = {
    "time": lambda f: f.seconds,
    "LUTs": lambda f: f.lut,
    "speed per LUT": lambda f: None if f.speed_per_lut is None else -f.speed_per_lut,
}
"""What designs are ordered by: less is better."""


def best(figures: Iterable[Figures], by: str, count: int) -> Sequence[Figures]:
    """The first of one group within limits, by a name of `BEST`."""
    keyed = [(BEST[by](f), n, f) for n, f in enumerate(figures) if not f.exceeded]
    return [f for _, _, f in sorted(each for each in keyed if each[0] is not None)][:count]
