"""``mixdit synth``."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gen.options import one_of, with_parameter_options
from gen.synth.chips import CHIPS
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES, RENAMED, Area, Family
from gen.synth.fan_out import MANY, FanOuts
from gen.synth.flow import Request, run_flow
from gen.synth.levels import Levels
from gen.synth.placement import PLACERS
from gen.synth.result import Result, Timing
from gen.synth.standard_cells import MACRO_WORDS
from gen.synth.subjects import find_subject, subject_names

__all__ = ["STORE", "default_jobs", "synth"]

STORE = Path("build/synth")
"""Where results are kept, from the current folder."""


def _reach(family: Family) -> str:
    """How far the tools come."""
    if family.library:
        return ", timed before layout"
    if chip := CHIPS.get(family.name):
        return f", placed and packed for {chip.name}"
    return "" if family.timing else ", cells only"


_FAMILIES = {name: f"{family.title}{_reach(family)}." for name, family in FAMILIES.items()}


def default_jobs() -> int:
    """Tools to run at a time: half of the processors."""
    return max(1, (os.cpu_count() or 1) // 2)


def _complete_design(incomplete: str) -> list[str]:
    return [name for name in subject_names() if name.startswith(incomplete)]


@with_parameter_options(show_defaults=False)
def synth(
    parameters: Mapping[str, Any],
    design: Annotated[
        str,
        typer.Option(
            help=f"What to synthesize: {', '.join(subject_names())}, or any module:factory.",
            autocompletion=_complete_design,
        ),
    ],
    family: Annotated[
        str, one_of("--family", _FAMILIES, help="FPGA family or standard cells.", renamed=RENAMED)
    ] = "ecp5",
    dsp: Annotated[bool, typer.Option("--dsp", help="Let products go into DSP blocks.")] = False,
    seeds: Annotated[
        int, typer.Option(min=0, help="Place and route with seeds 1 to this many; 0 for Yosys alone.")
    ] = 3,
    freq: Annotated[float, typer.Option(min=1, help="Clock in MHz that placement strives for.")] = 300,
    placer: Annotated[str, one_of("--placer", PLACERS, help="Placer of nextpnr.")] = "heap",
    without: Annotated[
        list[str] | None, typer.Option(help="A module to leave out, such as mx_array_pe; may be repeated.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="The one module of the design to take.")] = None,
    macros: Annotated[
        bool,
        typer.Option("--macros/--no-macros", help="Place processing elements on ECP5 once and repeat them."),
    ] = False,
    by_part: Annotated[bool, typer.Option("--parts", help="Also count cells by kind of part.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Tools to run at a time.")] = None,
    store: Annotated[Path, typer.Option(help="Where results are kept for the next time.")] = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a design's size and speed, and on FPGAs its levels of logic and fan-outs."""
    request = Request(
        subject=find_subject(design),
        family=FAMILIES[family],
        parameters=parameters,
        dsp=dsp,
        seeds=seeds,
        frequency_mhz=freq,
        placer=placer,
        by_part=by_part,
        without=without or (),
        only=only,
        macros=macros,
    )
    (result,) = run_flow([request], store=store, jobs=jobs or default_jobs())
    if result.failures:
        raise SynthesisError(result.failures[0])
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        _print_tables(result)


def _print_tables(result: Result) -> None:
    console = Console()
    built, area, family = result.built, result.area, result.family
    assert area is not None
    values = " ".join(f"{name}={value}" for name, value in built.parameters.items())
    console.print(f"{built.name} on {family.title} {values}".rstrip(), highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    table.add_row(family.lut_name, str(area.lut), "")
    for name, value, note in _areas(result, area):
        table.add_row(name, value, note)
    if result.lut_per_mac:
        table.add_row(f"{family.lut_name} per MAC", f"{result.lut_per_mac:.1f}", "in the fastest mode")
    if result.lut_per_element:
        table.add_row(f"{family.lut_name} per element", f"{result.lut_per_element:.1f}", "")
    trimmed = "elements as macros" if result.macros else "chain ends trimmed"
    timings = ((result.plain, "plain"), (result.trimmed, trimmed))
    for timing, title in timings:
        if timing:
            _add_timing(table, result, timing, title)
    if result.macros:
        table.add_row("macros", str(len(result.macros.places)), result.macros.element.summary)
    if not family.timing and not family.library:
        table.add_row("Fmax", "-", "no open tool places this family")
    lines = [f"{family.lut_name} counts {family.counting}"]
    if result.levels and result.fan_outs:  # standard cells have none
        _add_nets(table, result.levels, result.fan_outs)
        if result.placed_fan_outs:
            table.add_row(
                "the same when copied", str(result.placed_fan_outs.many), "as nextpnr gets it, trimmed"
            )
        lines += _net_lines(result.levels, result.fan_outs)
    console.print(table, soft_wrap=True)
    if result.no_macros:
        lines.append(f"no macros: {result.no_macros}")
    lines += [f"slowest path, {title}: {t.worst_path}" for t, title in timings if t and t.worst_path]
    lines += [
        f"{part.number:>5} x {part.name:<24}{part.area.lut:>8} {family.lut_name}" for part in result.parts
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _areas(result: Result, area: Area) -> Iterator[tuple[str, str, str]]:
    """Rows of the table about cells."""
    flip_flops = ("flip-flops", str(area.ff), "")
    if result.memories:
        yield "um2", f"{area.um2:.0f}", ""
        yield flip_flops
        yield "memory bits in flip-flops", str(result.memories.in_flip_flops), "part of the area"
        left_out = f"of {MACRO_WORDS} words and more: no area, no paths"
        yield "memory bits left out", str(result.memories.left_out), left_out
        if result.um2_per_mac:
            yield "um2 per MAC", f"{result.um2_per_mac:.0f}", "in the fastest mode"
        return
    yield "carry cells", str(area.carry), ""
    yield "wide multiplexers", str(area.mux), ""
    yield flip_flops
    yield "DSP blocks", str(area.dsp), ""
    yield "block memories", str(area.ram), ""


def _add_nets(table: Table, levels: Levels, fan_outs: FanOuts) -> None:
    """Rows on levels of logic and fan-out."""
    rows = (
        ("levels between registers", levels.registers),
        ("levels from an input", levels.inputs),
        ("levels to an output", levels.outputs),
        ("levels from input to output", levels.through),
    )
    for name, chain in rows:
        table.add_row(name, str(chain.levels) if chain else "-", "")
    for net in fan_outs.signals[:1]:
        table.add_row("largest fan-out", str(net.loads), net.signal)
    table.add_row(f"signals of more than {MANY} loads", str(fan_outs.many), "")


def _net_lines(levels: Levels, fan_outs: FanOuts) -> Iterator[str]:
    """The longest chain and the largest fan-outs, by name."""
    if levels.registers:
        yield f"longest chain between registers: {levels.registers}"
    kinds = (
        ("fan-out", fan_outs.signals),
        ("clock", fan_outs.clocks),
        ("reset", fan_outs.resets),
        ("address of block memories", fan_outs.addresses[:1]),
    )
    yield from (f"{title}: {net}" for title, nets in kinds for net in nets)


def _add_timing(table: Table, result: Result, timing: Timing, title: str) -> None:
    chip = CHIPS.get(result.family.name)
    if chip:
        where = f"of {timing.median.comb_available} in {chip.name}, with a wrapper"
        table.add_row(f"placed {result.family.lut_name}", str(timing.comb), where)
        table.add_row("bitstream in bytes", str(timing.median.bitstream_bytes), "")
    elif result.family.timing:
        table.add_row("TRELLIS_COMB", str(timing.comb), f"nextpnr, {title}")
    if result.family.timing and not chip and result.macs:
        table.add_row("TRELLIS_COMB per MAC", f"{timing.comb / result.macs:.1f}", "")
    if timing.fmax_mhz is not None:
        seeds = ", ".join(f"{p.fmax_mhz:.0f}" for p in timing.seeds.values())
        basis = "before layout, ideal clock" if result.family.library else f"median of {seeds}"
        table.add_row("Fmax in MHz", f"{timing.fmax_mhz:.1f}", basis)
    for mode, rate in (result.mac_per_s_per_lut(timing) or {}).items():
        table.add_row(f"MAC/s per {result.family.lut_name}", f"{rate / 1e6:.2f} M", mode)
