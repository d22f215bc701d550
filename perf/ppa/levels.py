"""Levels of logic and fan-outs: a section of the report, and a page on every top, by Yosys alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gen.synth.families import FAMILIES
from gen.synth.fan_out import MANY, FanOut, FanOuts
from gen.synth.flow import Request
from gen.synth.levels import Chain
from gen.synth.result import Result
from gen.synth.subjects import SUBJECTS

__all__ = ["LEVELS", "levels", "levels_page", "tops"]

LEVELS = 6
"""Most levels between registers that a top should have."""

_SIZED: Mapping[str, Any] = {"rows": 4, "cols": 4, "drain_rows": 4, "product_stages": 2}
_HEAD = (
    "design",
    "family",
    *("levels", "in", "out", "through"),
    *("fan-out", "many", "placed", "many", "address loads"),
)
_TARGETS = ("ecp5", "xilinx")
_TOPS: Mapping[str, Mapping[str, Any]] = {
    "pe": {"target": None},
    "array": {**_SIZED, "target": None},
    "stream": {**_SIZED, "target": None},
    "engine": {**_SIZED, "target": None, "function_lanes": 0},
    "quantizer": {"target": None},
    "dequantizer": {"target": None},
    "converter": {"target": None},
}
"""Every top with the parameters of the standard set; a target is the family's."""


def tops() -> dict[str, Request]:
    """A run of Yosys alone for every top and each family with cells of its own, by title."""
    found = {}
    for design, parameters in _TOPS.items():
        for family in _TARGETS:
            size = " 4x4" if "rows" in parameters else ""
            found[f"{design}{size}, {family}"] = Request(
                subject=SUBJECTS[design],
                family=FAMILIES[family],
                parameters={name: family if name == "target" else v for name, v in parameters.items()},
                seeds=0,
            )
    return found


def levels_page(results: Mapping[str, Result]) -> str:
    """The page on ``results`` of `tops`, by title, as Markdown."""
    tools = sorted({tool for result in results.values() for tool in result.tools})
    sized = ", ".join(f"{name}={value}" for name, value in _SIZED.items())
    head = (
        "# Levels and fan-out of the tops\n\nWritten by `make ppa ARGS=--levels`; no figure here is typed by"
        f" hand. Tools: {', '.join(tools)}. Designs of 4x4: {sized}; targets are the families' own."
    )
    if missing := [title for title in tops() if title not in results]:
        head += f" Not measured: {'; '.join(missing)}."
    failures = [f"- {line}" for result in results.values() for line in result.failures]
    parts = [head, *levels(results, {title: title for title in results})]
    return "\n\n".join([*parts, *(["## Failed steps\n\n" + "\n".join(failures)] if failures else [])]) + "\n"


def levels(results: Mapping[str, Result], titles: Mapping[str, str]) -> Iterator[str]:
    """A section on the longest chains and the largest fan-outs of ``results``."""
    measured = {name: result for name, result in results.items() if result.levels and result.fan_outs}
    if not measured:
        return
    yield (
        "## Levels and fan-out\n\nOf Yosys' netlist, before placement. A level is a look-up table with the"
        " wide multiplexers that join it to others, a whole carry chain, a multiplier, or a memory of look-up"
        " tables that is read; *in*, *out* and *through* are chains from inputs, to outputs, and from inputs"
        " to outputs. Fan-outs leave out clocks, resets and addresses of block memories. Goals:"
        f" {LEVELS} levels between registers, {MANY} loads; *many* is how many signals have more. *Placed* is"
        " the same where what drives many loads was copied, as nextpnr gets it; tools of other families make"
        " such copies themselves."
    )
    yield "\n".join(
        (
            f"| {' | '.join(_HEAD)} |",
            "| --- | --- |" + " ---: |" * (len(_HEAD) - 2),
            *(_row(titles[name], result) for name, result in measured.items()),
        )
    )
    yield "### Longest chains between registers\n\n" + "\n".join(
        f"- {titles[name]}: {result.levels.registers}."
        for name, result in measured.items()
        if result.levels and result.levels.registers
    )
    yield "### Largest fan-outs\n\n" + "\n".join(
        f"- {titles[name]}: {_nets(result.fan_outs.signals)}. Apart:"
        f" {_nets([*result.fan_outs.clocks, *result.fan_outs.resets, *result.fan_outs.addresses[:1]])}."
        for name, result in measured.items()
        if result.fan_outs
    )


def _row(title: str, result: Result) -> str:
    chains, nets, placed = result.levels, result.fan_outs, result.placed_fan_outs
    assert chains
    assert nets
    between = _levels(chains.registers)
    cells = (
        title,
        result.family.title,
        f"**{between}**" if chains.registers and chains.registers.levels > LEVELS else between,
        *(_levels(chain) for chain in (chains.inputs, chains.outputs, chains.through)),
        *_most(nets),
        *(_most(placed) if placed else "--"),
        str(nets.addresses[0].loads) if nets.addresses else "-",
    )
    return f"| {' | '.join(cells)} |"


def _most(nets: FanOuts) -> tuple[str, str]:
    """The largest fan-out, and how many signals have too many loads."""
    most = nets.signals[0].loads if nets.signals else 0
    return f"**{most:,}**" if most > MANY else str(most), str(nets.many)


def _levels(chain: Chain | None) -> str:
    return str(chain.levels) if chain else "-"


def _nets(nets: Sequence[FanOut]) -> str:
    return ", ".join(f"`{net.signal}` {net.loads:,}" for net in nets) or "none"
