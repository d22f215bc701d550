"""What is known of the area of many elements: cells of an old process, never laid out."""

from collections.abc import Mapping

from perf.speedup.builds import Build
from perf.speedup.table import Table

__all__ = ["CELLS", "area_table"]

CELLS: Mapping[str, tuple[int, float]] = {
    "processing element": (1, 205_053),
    "array 4x4 with loaders": (16, 8_494_389),
}
"""Elements, and um2 of standard cells of 0.18 um after synthesis, by the name in docs/ppa/devices.md."""

NAND2_UM2 = 24
"""Of the cell NAND2X1 there."""


def area_table(builds: Mapping[str, Build]) -> Table:
    """Elements of each build, times what cells were measured to take, beside the GPU's chip.

    Buffers, results, rows and memory are in neither. Nothing is scaled from 180 nm to the GPU's process: what
    that would give depends on libraries and wires more than on this design.
    """
    rows = []
    for build in builds.values():
        found = [um2 * build.elements / elements for elements, um2 in CELLS.values()]
        areas = (f"{um2 / 1e6:,.1f} mm2, {um2 / NAND2_UM2 / 1e6:,.2f} M NAND2" for um2 in found)
        rows.append((build.title, f"{build.elements:,}", *areas, "not claimed"))
    rows.append(("RTX 3090: GA102", "", "", "", "628 mm2 and 350 W of the whole card, 8 nm"))
    head = (
        "build",
        "elements",
        "elements alone, 180 nm",
        "as arrays 4x4 with loaders, 180 nm",
        "in the GPU's process",
    )
    return Table(title="", head=head, rows=rows)
