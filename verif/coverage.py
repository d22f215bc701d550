"""Functional coverage: named bins that a bench must hit, and counts of compared outputs.

A bench (a cocotb simulation or a plain test) declares its bins as cross products and counts hits; its
tallies are written as JSON and merged over all runs of a pytest session, which prints them at the end.
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Coverage", "Tally", "merge", "read_tallies"]

Bin = tuple[str, ...]


@dataclass
class Tally:
    """Bins and outputs of one bench: what is mergeable over runs.

    Parameters
    ----------
    name:
        The bench.
    axes:
        Names of the axes of its cross product.
    hits:
        How often each bin was hit, 0 included.
    outputs:
        Outputs compared with golden.
    """

    name: str
    axes: tuple[str, ...] = ()
    hits: dict[Bin, int] = field(default_factory=dict)
    outputs: int = 0

    @property
    def full(self) -> int:
        """Bins hit at least once."""
        return sum(count > 0 for count in self.hits.values())

    @property
    def missing(self) -> list[Bin]:
        """Bins never hit."""
        return [bin_ for bin_, count in self.hits.items() if not count]

    def to_json(self) -> dict[str, Any]:
        """JSON form, which ``from_json`` reads."""
        hits = [[list(bin_), count] for bin_, count in self.hits.items()]
        return {"name": self.name, "axes": list(self.axes), "hits": hits, "outputs": self.outputs}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Tally":
        """Tally of a JSON form."""
        hits = {tuple(bin_): count for bin_, count in value["hits"]}
        return cls(name=value["name"], axes=tuple(value["axes"]), hits=hits, outputs=value["outputs"])


class Coverage:
    """The bins of one bench: the cross product of ``axes``, less what cannot happen.

    Parameters
    ----------
    name:
        The bench; runs of one bench with equal axes are merged.
    impossible:
        Predicate on ``{axis: value}``: bins that are not declared.
    axes:
        For each axis its values, in order. Without axes there are no bins, only outputs.
    """

    def __init__(self, name: str, *, impossible=lambda **values: False, **axes: Sequence[Any]):
        bins = [
            tuple(map(str, values))
            for values in itertools.product(*axes.values())
            if axes and not impossible(**dict(zip(axes, values, strict=True)))
        ]
        self.tally = Tally(name, tuple(axes), dict.fromkeys(bins, 0))

    def hit(self, **values: Any) -> None:
        """Count the bin ``values``. Raises ``KeyError`` for a bin that was not declared."""
        bin_ = tuple(str(values.pop(axis)) for axis in self.tally.axes)
        if values or bin_ not in self.tally.hits:
            raise KeyError(f"{self.tally.name}: no bin {bin_!r} {values or ''}")
        self.tally.hits[bin_] += 1

    def compared(self, outputs: int) -> None:
        """Count ``outputs`` compared with golden."""
        self.tally.outputs += outputs

    def require_full(self) -> None:
        """Raise ``AssertionError`` that names the bins never hit, if any."""
        missing = self.tally.missing
        assert not missing, (
            f"{self.tally.name}: {len(missing)} of {len(self.tally.hits)} bins not hit: {missing}"
        )

    def write(self, folder: Path) -> None:
        """Write the tally so far into ``folder`` for ``read_tallies``, over what was written before."""
        (folder / f"coverage-{self.tally.name}.json").write_text(json.dumps(self.tally.to_json()))


def read_tallies(folder: Path) -> list[Tally]:
    """Tallies that the benches run in ``folder`` wrote."""
    return [Tally.from_json(json.loads(path.read_text())) for path in sorted(folder.glob("coverage-*.json"))]


def merge(tallies: Iterable[Tally]) -> list[Tally]:
    """One tally per name and axes, hits and outputs summed."""
    merged: dict[tuple[str, tuple[str, ...]], Tally] = {}
    for tally in tallies:
        total = merged.setdefault((tally.name, tally.axes), Tally(tally.name, tally.axes))
        total.hits = dict(Counter(total.hits) + Counter(tally.hits)) | {
            bin_: 0
            for bin_ in {**total.hits, **tally.hits}
            if not total.hits.get(bin_, 0) + tally.hits.get(bin_, 0)
        }
        total.outputs += tally.outputs
    return list(merged.values())
