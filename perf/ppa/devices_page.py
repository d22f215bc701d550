"""The page on devices other than the standard set's, docs/ppa/devices.md."""

import re
from collections.abc import Callable, Mapping, Sequence

from gen.synth.chips import CHIPS
from gen.synth.families import FAMILIES
from gen.synth.result import Result
from gen.synth.standard_cells import MACRO_WORDS

__all__ = ["document", "renewed"]

_HEAD = """\
# Size and speed on other devices

Written by `.venv/bin/python -m perf.ppa.devices --publish`; no figure here is typed by hand. One design:
`.venv/bin/mixdit synth --design pe --family FAMILY`, with FAMILY {families}.

Tools: {tools}.
"""

_PLACED = """\
## {family} {chip}

`--family {name}`, generic Verilog, placed and routed by nextpnr and packed into a bitstream. The designs have
more ports than the device has pins, so they are in a wrapper of registers with five pins. LUTs, flip-flops
and the share of the device's {luts:,} LUTs are of the design without it. Seconds are of placing, routing
and packing with the median seed, beside other work on the same machine. Fmax is by nextpnr's delays of
cells and wires; it knows no limits of clock networks.

{note}

{table}
"""

_NOTES = {
    "nexus": "nextpnr cannot bring a constant to the carry input of a carry chain: those of the chains' first"
    " cells, on which nothing depends, are left open.",
    "gowin5": "nextpnr knows no delay from a block memory's clock to its outputs: paths that begin there are"
    " not timed, so Fmax of a design with block memories is optimistic.",
}
"""What a reader has to know of a family."""

_STANDARD_CELLS = """\
## Standard cells

`--family osu018`: cells of Oklahoma State University for a process of 0.18 um, at 1.8 V and 25 degrees
Celsius. Fmax is before layout: an ideal clock, no wires, no paths from or to ports. NAND2 is the area in
that of NAND2X1, 24 um2.

There are no memory macros. A memory of fewer than {words} words is made of flip-flops, which are in the
area; a larger one is left out: neither its area nor a path from or to it is in the figures.

{table}
"""

_PLACED_COLUMNS: tuple[str, ...] = (
    "design",
    "LUT4",
    "of the device",
    "FF",
    "block memories",
    "Fmax",
    "seeds",
)
_PLACED_COLUMNS += ("bitstream in bytes", "seconds")

_CELL_COLUMNS: tuple[str, ...] = ("design", "um2", "NAND2", "FF", "um2 per MAC", "NAND2 per MAC or element")
_CELL_COLUMNS += ("Fmax", "M MAC/s per mm2, fastest precision", "memory bits in FF", "memory bits left out")


def document(results: Mapping[str, Mapping[str, Result]]) -> str:
    """The document on ``results`` by family and title, as Markdown."""
    tools = sorted({tool for of in results.values() for result in of.values() for tool in result.tools})
    head = _HEAD.format(families=", ".join(f"`{name}`" for name in results), tools=", ".join(tools))
    sections = [_placed_section(name, results[name]) for name in results if name in CHIPS]
    if "osu018" in results:
        table = _table(_CELL_COLUMNS, results["osu018"], _cell_row)
        sections.append(_STANDARD_CELLS.format(words=MACRO_WORDS, table=table))
    return "\n".join([head, *sections])


def renewed(page: str, results: Mapping[str, Mapping[str, Result]]) -> str:
    """``page``, a document, with the sections of other ``results`` in place of those of the same families."""
    sections = _sections(page)
    for title, section in list(_sections(document(results)).items())[1:]:
        if title not in sections:
            raise ValueError(f"the page has no section {title!r}")
        sections[title] = section
    return "\n\n".join(sections.values()) + "\n"


def _sections(page: str) -> dict[str, str]:
    """Sections by title, without the blank lines between them; first what stands before them."""
    parts = (part.strip("\n") for part in re.split(r"^(?=## )", page, flags=re.MULTILINE))
    return {part.partition("\n")[0]: part for part in parts}


def _placed_section(name: str, results: Mapping[str, Result]) -> str:
    placements = [result.plain.median for result in results.values() if result.plain]
    return _PLACED.format(
        name=name,
        family=FAMILIES[name].title,
        chip=CHIPS[name].name,
        luts=placements[0].comb_available,
        note=_NOTES[name],
        table=_table(_PLACED_COLUMNS, results, _placed_row),
    )


def _table(
    columns: Sequence[str], results: Mapping[str, Result], row: Callable[[str, Result], tuple[str, ...]]
) -> str:
    rows = [columns, ("---", *["---:"] * (len(columns) - 1)), *(row(*item) for item in results.items())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _placed_row(title: str, result: Result) -> tuple[str, ...]:
    area, timing = result.area, result.plain
    assert area
    assert timing
    placed = timing.median
    fmax = f"{placed.fmax_mhz:.0f} MHz" if placed.fmax_mhz else "-"
    seeds = len(timing.seeds)
    return (
        title,
        f"{area.lut:,}",
        f"{area.lut / placed.comb_available:.1%}",
        f"{area.ff:,}",
        f"{area.ram:,}",
        fmax,
        f"median of {seeds}" if seeds > 1 else "one",
        f"{placed.bitstream_bytes:,}",
        f"{placed.seconds:,.0f}",
    )


def _cell_row(title: str, result: Result) -> tuple[str, ...]:
    area, timing, memories = result.area, result.plain, result.memories
    assert area
    assert area.um2
    assert memories
    fmax = timing.fmax_mhz if timing else None
    return (
        title,
        f"{area.um2:,.0f}",
        f"{area.lut:,}",
        f"{area.ff:,}",
        f"{result.um2_per_mac:,.0f}" if result.um2_per_mac else "-",
        f"{result.lut_per_mac or result.lut_per_element:,.0f}",
        f"{fmax:.0f} MHz" if fmax else "-",
        f"{fmax / result.um2_per_mac * 1e6:,.0f}" if fmax and result.um2_per_mac else "-",
        f"{memories.in_flip_flops:,}",
        f"{memories.left_out:,}",
    )
