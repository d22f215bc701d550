"""The comparison as it stands in docs/performance.md: tables, and pictures beside it."""

from collections.abc import Mapping, Sequence

from gen.files import write_text
from perf.speedup.ablation_tables import ablation_table, ladder_table
from perf.speedup.ablations import Ablated
from perf.speedup.area import area_table
from perf.speedup.builds import REFERENCE
from perf.speedup.charts import speedup_chart, waterfall_chart
from perf.speedup.comparison import Comparison
from perf.speedup.goals import goals_table
from perf.speedup.quality import quality_table
from perf.speedup.roofline import roofline_chart
from perf.speedup.svg import Drawing
from perf.speedup.tables import (
    baselines_table,
    builds_table,
    cells_table,
    floats_table,
    outside_table,
    waterfall_table,
)
from perf.workloads.page import PAGE, publish

__all__ = ["ablations_markdown", "markdown", "pictures", "publish_ablations", "publish_comparison"]


def publish_comparison(comparison: Comparison) -> None:
    """Renew the tables of the page, and its pictures."""
    for name, drawing in pictures(comparison).items():
        write_text(PAGE.parent / name, str(drawing))
    publish("engines", markdown(comparison))


def publish_ablations(found: Sequence[Ablated]) -> None:
    """Renew their tables on the page."""
    publish("ablations", ablations_markdown(found))


def ablations_markdown(found: Sequence[Ablated]) -> str:
    """The tables of every network that has some."""
    networks = dict.fromkeys(each.network for each in found)
    of_network = [[each for each in found if each.network == name] for name in networks]
    return "\n".join(
        table.markdown() for of in of_network for table in (ablation_table(of), ladder_table(of))
    )


def pictures(comparison: Comparison) -> Mapping[str, Drawing]:
    """By path, beside the page."""
    of_build = comparison.cells_of(build=REFERENCE)
    found = {"roofline": roofline_chart(of_build)} if of_build else {}
    for network in comparison.baselines:
        cells = comparison.cells_of(network=network, build=REFERENCE)
        if chart := speedup_chart(network, comparison):
            found[f"speedup-{network}"] = chart
        if cells:
            found[f"waterfall-{network}"] = waterfall_chart(cells)
    return {f"performance/{name}.svg": drawing for name, drawing in found.items()}


def markdown(comparison: Comparison) -> str:
    """All tables, one behind the other, with their pictures."""
    shown = pictures(comparison)

    def picture(name: str) -> list[str]:
        path = f"performance/{name}.svg"
        return [f"![{shown[path].title}]({path})\n"] if path in shown else []

    builds = comparison.builds
    parts = [builds_table(builds).markdown(), area_table(builds).markdown(), *picture("roofline")]
    for network in comparison.baselines:
        parts += [baselines_table(network, comparison).markdown(), *picture(f"speedup-{network}")]
        parts.append(cells_table(network, comparison).markdown())
        parts.append(floats_table(comparison.cells_of(network=network)).markdown())
        cells = comparison.cells_of(network=network, build=REFERENCE)
        parts += [waterfall_table(cells).markdown()] if cells else []
        parts += picture(f"waterfall-{network}")
    of_build = comparison.cells_of(build=REFERENCE)
    parts += [goals_table(of_build, comparison.baselines).markdown()] if of_build else []
    parts.append(quality_table(comparison.mixes).markdown())
    return "\n".join([*parts, outside_table(comparison.baselines).markdown()])
