"""How large an array the device holds."""

from collections.abc import Iterator, Mapping

from gen.synth.result import Result

__all__ = ["capacity"]

_RUN = "array_8x8"
_LARGER = ((8, 9), (9, 9), (8, 10), (10, 10))
"""Sizes to estimate, rows and columns."""


def capacity(results: Mapping[str, Result]) -> Iterator[str]:
    """What the placed 8x8 array takes of the device, and what larger ones would by the sizes of its parts."""
    result = results.get(_RUN)
    if not (result and result.trimmed and result.area and result.parts):
        return
    placed = result.trimmed.median
    available = placed.comb_available  # the device has as many flip-flops

    def share(cells: float) -> str:
        return f"{100 * cells / available:.0f} %"

    parts = {part.name.removeprefix("mx_array_"): part for part in result.parts}
    of_one = {
        name: (part.area.lut / part.number, part.area.ff / part.number)
        for name, part in parts.items()
        if name in ("pe", "row_lane", "column_lane", "drain_cell")
    }
    rows, cols = result.built.parameters["rows"], result.built.parameters["cols"]

    values = ", ".join(f"{name}={value}" for name, value in result.built.parameters.items())

    def estimate(r: int, c: int) -> str:
        """With one segment of all rows, as in the placed one."""
        more = {
            "pe": r * c - rows * cols,
            "row_lane": r - rows,
            "column_lane": c - cols,
            "drain_cell": c - cols,
        }
        added = [sum(number * of_one[name][kind] for name, number in more.items()) for kind in (0, 1)]
        return f"{r}x{c}: {share(placed.comb + added[0])} and {share(placed.ff + added[1])}"

    yield (
        f"## Largest array\n\nThe {rows}x{cols} array with loaders and drain ({values}) is placed and routed:"
        f" it takes {share(placed.comb)} of the LFE5U-85F's LUTs and {share(placed.ff)} of its flip-flops,"
        " and is the largest that was. By the sizes of its parts others would take, LUTs and flip-flops,"
        f" {'; '.join(estimate(r, c) for r, c in _LARGER)}; none of these was placed."
    )
