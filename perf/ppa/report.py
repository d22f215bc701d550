"""``report.md``: goals and figures, every number out of a run."""

from collections.abc import Iterator, Mapping

from gen.synth.fan_out import MANY
from gen.synth.result import Result, Timing
from perf.ppa.capacity import capacity
from perf.ppa.engine import engine
from perf.ppa.goals import GOALS, TRIED, Goal
from perf.ppa.levels import levels
from perf.ppa.peers import peers
from perf.ppa.standard import PRECISIONS, TITLES

__all__ = ["CHARTS", "goals_table", "make_report"]

CHARTS: Mapping[str, str] = {
    "efficiency.png": "Multiply-accumulates per second and LUT4",
    "fmax.png": "Fmax",
    "area.png": "Where an array's LUTs are",
}
"""Files of the charts, with their captions."""

Row = tuple[str, ...]


def make_report(results: Mapping[str, Result], *, seeds: int, frequency_mhz: float) -> str:
    """The report on ``results``, by the names of the standard set, as Markdown."""
    tools = sorted({tool for result in results.values() for tool in result.tools})
    counting = {r.family.title: f"{r.family.lut_name} = {r.family.counting}" for r in results.values()}
    sections = [
        "# Size and speed\n\nWritten by `make ppa`; no figure here is typed by hand.",
        f"Tools: {', '.join(tools)}. ECP5 is an LFE5U-85F in speed grade 6, placed out of context for"
        f" {frequency_mhz:g} MHz; Fmax is the median of {seeds} seeds; with 8x8 elements, and of engines, it"
        " is one seed's. *Plain* is nextpnr on Yosys' netlist, *trimmed* the same with two steps between"
        " them: that of `gen/synth/trim.py` lets nextpnr leave out the cells at the ends of carry chains,"
        f" and that of `gen/synth/copies.py` copies what drives more than {MANY} loads. Both netlists are"
        " simulated against the golden model by `verif/netlist`. Other families have no open tool that"
        " places them, hence no Fmax but levels of logic and fan-outs.",
        "\n".join(f"- {title}: {rule}." for title, rule in counting.items()),
        *_missing(results),
        "## Goals\n\n" + goals_table(results),
        *_unreached(results),
        "## Figures on ECP5\n\n" + _table(_ECP5_HEAD, _ecp5(results)),
        "## Figures on other families\n\n" + _table(_OTHER_HEAD, _others(results)),
        *levels(results, TITLES),
        "## Million multiply-accumulates per second and LUT4, trimmed\n\n" + _rates(results),
        *peers(results),
        "## Slowest paths\n\n" + _table(("design", "netlist", "path"), _paths(results)),
        *_parts(results),
        *capacity(results),
        *engine(results),
        *(f"## {caption}\n\n![{caption}]({name})" for name, caption in CHARTS.items()),
        *_failures(results),
    ]
    return "\n\n".join(sections) + "\n"


def _missing(results: Mapping[str, Result]) -> Iterator[str]:
    """Runs that are not among ``results``."""
    if titles := [title for name, title in TITLES.items() if name not in results]:
        yield f"Not measured yet, `make ppa` goes on with it: {'; '.join(titles)}."


def goals_table(results: Mapping[str, Result]) -> str:
    """Measured values beside goals, as Markdown."""
    return _table(("design", "figure", "measured", "goal", "stretch", ""), _goals(results))


def _table(head: Row, rows: Iterator[Row]) -> str:
    lines = [head, tuple("---" if i < 1 else "---:" for i in range(len(head))), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float | None, digits: int = 0, unit: str = "") -> str:
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def _value(goal: Goal, results: Mapping[str, Result]) -> float | None:
    return goal.value(results)


def _goals(results: Mapping[str, Result]) -> Iterator[Row]:
    for goal in GOALS:
        value = _value(goal, results)
        sign = ">=" if goal.least else "<="
        verdict = "**not placed**" if goal.synthesized(results) else "not measured"
        if value is not None:
            verdict = "reached" if goal.reached(value, goal.goal) else "**not reached**"
            verdict = "stretch reached" if goal.reached(value, goal.stretch) else verdict
        yield (
            TITLES[goal.run],
            goal.item,
            _number(value, goal.digits, goal.unit),
            f"{sign} {goal.goal:g}",
            f"{sign} {goal.stretch:g}" if goal.stretch is not None else "",
            verdict,
        )


def _unreached(results: Mapping[str, Result]) -> Iterator[str]:
    lines = []
    for goal in GOALS:
        value = _value(goal, results)
        if not goal.synthesized(results) or (value is not None and goal.reached(value, goal.goal)):
            continue
        timing = results[goal.run].trimmed
        path = f" Limiting path: {timing.worst_path}." if timing and "MHz" in goal.unit else ""
        tried = TRIED.get((goal.run, goal.item), "")
        lines.append(f"- {TITLES[goal.run]}, {goal.item}: {tried}{path}")
    if lines:
        yield "## Goals not reached\n\n" + "\n".join(lines)


_ECP5_HEAD: Row = ("design", "LUT4", "CCU2C", "FF", "RAM", "per MAC or element")
_ECP5_HEAD += ("COMB plain", "COMB trimmed", "MHz plain", "MHz trimmed", "device used")


def _ecp5(results: Mapping[str, Result]) -> Iterator[Row]:
    for name, result in results.items():
        area, timing = result.area, result.trimmed
        if result.family.timing and area:
            share = 100 * timing.comb / timing.median.comb_available if timing else None
            yield (
                TITLES[name],
                *(_number(n) for n in (area.lut, area.carry, area.ff, area.ram)),
                _number(result.lut_per_mac or result.lut_per_element, 1),
                *(_number(t.comb if t else None) for t in (result.plain, timing)),
                *(_fmax(t) for t in (result.plain, timing)),
                _number(share, 1, " %"),
            )


def _fmax(timing: Timing | None) -> str:
    if timing is None or timing.fmax_mhz is None:
        return "-"
    all_seeds = [p.fmax_mhz for p in timing.seeds.values() if p.fmax_mhz]
    return f"{timing.fmax_mhz:.0f} ({min(all_seeds):.0f} to {max(all_seeds):.0f})"


_OTHER_HEAD: Row = (
    "design",
    "family",
    "LUT",
    "carry",
    "FF",
    "DSP",
    "RAM",
    "LUT per MAC",
    "levels",
    "fan-out",
)


def _others(results: Mapping[str, Result]) -> Iterator[Row]:
    for name, result in results.items():
        area = result.area
        if not result.family.timing and area:
            numbers = (area.lut, area.carry, area.ff, area.dsp, area.ram)
            yield (
                TITLES[name],
                result.family.title,
                *(_number(n) for n in numbers),
                _number(result.lut_per_mac, 1),
                *_in_place_of_fmax(result),
            )


def _in_place_of_fmax(result: Result) -> Row:
    """Levels between registers and the largest fan-out."""
    chain = result.levels.registers if result.levels else None
    nets = result.fan_outs.signals if result.fan_outs else ()
    return _number(chain.levels if chain else None), _number(nets[0].loads if nets else None)


def _rates(results: Mapping[str, Result]) -> str:
    rates = {name: result.mac_per_s_per_lut(result.trimmed) for name, result in results.items()}
    modes = [mode for mode in PRECISIONS if any(mode in (rate or {}) for rate in rates.values())]
    rows = (
        (TITLES[name], *(_number(rate[mode] / 1e6 if mode in rate else None, 2) for mode in modes))
        for name, rate in rates.items()
        if rate
    )
    return _table(("design", *modes), rows)


def _paths(results: Mapping[str, Result]) -> Iterator[Row]:
    for name, result in results.items():
        for timing, kind in ((result.plain, "plain"), (result.trimmed, "trimmed")):
            if timing and timing.worst_path:
                yield TITLES[name], kind, str(timing.worst_path)


def _parts(results: Mapping[str, Result]) -> Iterator[str]:
    for name, result in results.items():
        if result.parts:
            rows = (
                (part.name, *map(_number, (part.number, part.area.lut, part.area.ff, part.area.ram)))
                for part in result.parts
            )
            yield (
                f"## Parts of the {TITLES[name]}\n\nFrom a run that keeps modules apart, so that the sum"
                f" differs from the whole.\n\n{_table(('part', 'number', 'LUT4', 'FF', 'RAM'), rows)}"
            )


def _failures(results: Mapping[str, Result]) -> Iterator[str]:
    lines = [f"- {line}" for result in results.values() for line in result.failures]
    if lines:
        yield "## Failed steps\n\n" + "\n".join(lines)
