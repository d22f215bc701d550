"""The comparison as one page of HTML: nothing is loaded, nothing runs."""

from collections.abc import Iterator, Sequence
from html import escape

from perf.rtx3090.baselines import STATUSES
from perf.speedup.ablation_tables import ablation_table, ladder_table
from perf.speedup.ablations import Ablated
from perf.speedup.area import area_table
from perf.speedup.builds import REFERENCE
from perf.speedup.charts import speedup_chart, waterfall_chart
from perf.speedup.comparison import Comparison
from perf.speedup.goals import goals_table
from perf.speedup.quality import quality_table
from perf.speedup.roofline import roofline_chart
from perf.speedup.tables import (
    baselines_table,
    builds_table,
    cells_table,
    floats_table,
    outside_table,
    waterfall_table,
)
from perf.speedup.waterfall import STEPS
from perf.workloads.models import published

__all__ = ["page"]

_STYLE = """\
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #333; background: #fff; max-width: 1240px;
       margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 21px; margin: 44px 0 8px; }
h2 { border-top: 2px solid #2f6690; padding-top: 14px; } h3 { font-size: 16px; margin: 26px 0 6px; }
p, ul { max-width: 860px; } nav a { margin-right: 16px; } a { color: #2f6690; }
svg { max-width: 100%; height: auto; display: block; margin: 8px 0; }
.pair { display: flex; flex-wrap: wrap; gap: 16px; } .pair svg { flex: 1 1 460px; min-width: 0; }
.scroll { overflow-x: auto; margin: 8px 0; } table { border-collapse: collapse; font-size: 12.5px; }
th { background: #eef3f8; vertical-align: bottom; } th, td { padding: 3px 7px; text-align: right; }
td { border-top: 1px solid #e4e4e4; white-space: nowrap; } tbody tr:hover { background: #f6f9fc; }
th:first-child, td:first-child, .texts-2 th:nth-child(2), .texts-2 td:nth-child(2) { text-align: left; }
.texts-2 td:nth-child(2) { white-space: normal; min-width: 190px; }
summary { cursor: pointer; margin: 8px 0; } dt { font-weight: 600; } dd { margin: 0 0 4px 20px; }
dl { columns: 2 380px; font-size: 13px; }
"""

_LETTERS = {
    **STATUSES,
    "C, of engines": "cycles by the cycle model, at a clock that placement and routing gave",
    "A, of engines": "the same cycles at an assumed clock",
}


_LIMITS = (
    "No measurement of our own: no RTX 3090 was at hand, and no engine of thousands of elements was built.",
    "Their clock, and that engines share work without waiting for each other, are assumed.",
    "Memory may be written as fast as it is read, at the same time; a GPU's memory does one of both.",
    "No power, and what a mix of formats does to the pictures of these networks.",
)


def page(comparison: Comparison, ablations: Sequence[Ablated] = ()) -> str:
    """The whole page, with ablations of the networks that have some."""
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Diffusion transformers on engines, beside an RTX 3090</title>",
            f"<style>\n{_STYLE}</style></head>\n<body>",
            *_introduction(comparison),
            *_rooflines(comparison),
            *(text for name in comparison.baselines for text in _network(name, comparison, ablations)),
            *_goals(comparison),
            *_quality(comparison),
            _heading("limits", "What this does not show"),
            f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in _LIMITS)}</ul>",
            _heading("outside", "Outside the engine"),
            "<p>No engine does this, and none of the times above holds it.</p>",
            outside_table(comparison.baselines).html(),
            "</body></html>\n",
        )
    )


def _introduction(comparison: Comparison) -> Iterator[str]:
    yield "<h1>Diffusion transformers on engines, beside an RTX 3090</h1>"
    yield (
        "<p>A step of the transformer, two samples for guidance. Engines' cycles come from a model that"
        " equals the simulated hardware in every counter on random jobs; the GPU's times from published"
        " measurements. Each figure has a letter for what stands behind it:</p>\n<ul>"
    )
    yield from (f"<li><b>{letter}</b>: {escape(what)}</li>" for letter, what in _LETTERS.items())
    yield "</ul>\n<nav>"
    yield from (f'<a href="#{name}">{escape(published(name).title)}</a>' for name in comparison.baselines)
    yield '<a href="#limits">What this does not show</a></nav>'
    yield _heading("engines", "Engines")
    yield builds_table(comparison.builds).html()
    yield area_table(comparison.builds).html()


def _rooflines(comparison: Comparison) -> Iterator[str]:
    yield _heading("roofline", "Roofline")
    yield (
        "<p>Operations of the networks' products, two for each multiplication with addition, against bytes"
        " read and written. Lines are what elements and memory allow; MX9 by MX9 takes four passes of a"
        " block.</p>"
    )
    large = [name for name, build in comparison.builds.items() if build.elements >= 1024]
    charts = (roofline_chart(comparison.cells_of(build=name)) for name in large or comparison.builds)
    yield f'<div class="pair">{"".join(map(str, charts))}</div>'


def _goals(comparison: Comparison) -> Iterator[str]:
    if cells := comparison.cells_of(build=REFERENCE):
        table = goals_table(cells, comparison.baselines)
        yield _heading("goals", table.title)
        yield table.html()


def _quality(comparison: Comparison) -> Iterator[str]:
    table = quality_table(comparison.mixes)
    yield _heading("quality", table.title)
    yield (
        "<p>Of small networks that were trained for it; images against those of float32 with the same noise,"
        " and predictions along the way. How a large network takes these mixes was not measured.</p>"
    )
    yield table.html()


def _network(name: str, comparison: Comparison, ablations: Sequence[Ablated]) -> Iterator[str]:
    yield _heading(name, published(name).title)
    yield "<h3>Times that an RTX 3090 takes as long</h3>"
    chart = speedup_chart(name, comparison)
    yield str(chart) if chart else "<p>Every engine here is more than four times slower than the GPU.</p>"
    of_builds = (comparison.cells_of(network=name, build=build) for build in reversed(comparison.builds))
    for each in filter(None, of_builds):
        yield f"<h3>Where the time of a step goes: {escape(each[0].time.build.title)}</h3>"
        yield str(waterfall_chart(each))
        yield "<details><summary>Cycles</summary>" + waterfall_table(each).html() + "</details>"
    yield "<details><summary>What the steps are</summary><dl>"
    yield from (f"<dt>{escape(step)}</dt><dd>{escape(what)}</dd>" for step, what in STEPS.items())
    yield "</dl></details>\n<h3>Engines</h3>"
    yield cells_table(name, comparison).html()
    yield "<h3>Functions in the engines, or floats in memory and a vector unit</h3>"
    yield floats_table(comparison.cells_of(network=name)).html()
    if changed := [each for each in ablations if each.network == name]:
        for table in (ladder_table(changed), ablation_table(changed)):
            yield f"<h3>{escape(table.title)}</h3>"
            yield table.html()
    yield "<h3>RTX 3090</h3>"
    yield baselines_table(name, comparison).html()


def _heading(mark: str, words: str) -> str:
    return f'<h2 id="{mark}">{escape(words)}</h2>'
