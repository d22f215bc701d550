"""What the nets of a netlist are called in the design."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any

__all__ = ["Names", "register_name"]


@cache
def _made_up(kinds: frozenset[str]) -> re.Pattern[str]:
    """What Yosys' ``autoname`` adds to a name of the design."""
    return re.compile(rf"_({'|'.join(map(re.escape, sorted(kinds)))})_[A-Z]\w*$")


def register_name(cell: str, kinds: Iterable[str]) -> str:
    """Name in the design of what a cell belongs to.

    Yosys names a cell after the net that it drives, its type, one of ``kinds``, its port and a number:
    ``accumulator.high_TRELLIS_FF_Q_3`` is a bit of the register ``accumulator.high``.
    """
    return _made_up(frozenset(kinds)).sub("", cell)


class Names:
    """Names of the design for nets, which Yosys keeps for some and makes up for others.

    Parameters
    ----------
    netnames:
        ``netnames`` of the module in Yosys' JSON.
    kinds:
        Types of cells: Yosys' ``autoname`` calls a net after a neighbour, a cell's type and its pin, as in
        ``core.sum_LUT4_Z_D``, and such names are not the design's.
    """

    def __init__(self, netnames: Mapping[str, Any], kinds: Collection[str]):
        self._made_up = _made_up(frozenset(kinds))
        self._names: dict[int, str] = {}
        for name in sorted(filter(self._of_design, netnames), key=_rank):
            entry = netnames[name]
            if entry.get("hide_name"):
                continue
            bits = entry["bits"]
            for i, net in enumerate(bits):
                if isinstance(net, int):
                    self._names.setdefault(net, name if len(bits) == 1 else f"{name}[{i}]")

    def get(self, net: int) -> str | None:
        """The design's name of ``net``; None if it has none."""
        return self._names.get(net)

    def nearest(self, net: int, following: Callable[[int], Iterable[int]]) -> str:
        """The name of ``net``, else ``before NAME`` with that of the nearest signal that it leads to.

        ``following`` are the nets that one leads to through a cell. Of several signals that are equally near,
        it is the one with most bits there.
        """
        if name := self.get(net):
            return name
        seen, ring = {net}, [net]
        while ring:
            ring = sorted({n for near in ring for n in following(near)} - seen)
            seen.update(ring)
            if found := Counter(name.partition("[")[0] for n in ring if (name := self.get(n))):
                return f"before {found.most_common(1)[0][0]}"
        return f"net {net}"

    def cell(self, name: str) -> str | None:
        """The design's name of a cell that is called ``name`` in the netlist; None if it has none."""
        name = self._made_up.sub("", name)
        return name if self._of_design(name) else None

    def _of_design(self, name: str) -> bool:
        return not name.startswith("$") and not self._made_up.search(name)


def _rank(name: str) -> tuple[bool, bool, int, int, str]:
    """The best name first: one that was chosen, of the register and not of a port that it leads to, short."""
    return "$" in name, "__" in name, name.count("."), len(name), name
