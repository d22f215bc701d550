"""Figures in the documentation are those of the published report."""

import json

from gen.markdown import with_section
from gen.targets_command import MEASURED
from perf.ppa.levels import tops
from perf.ppa.publish import FIGURES, README, measured, summary
from perf.ppa.standard import TITLES, standard_set
from perf.speedup.builds import BUILDS


def test_readme_has_the_published_figures():
    figures = json.loads(FIGURES.read_text())
    assert summary(figures) in README.read_text()


def test_a_figure_that_was_typed_does_not_stay():
    figures = json.loads(FIGURES.read_text())
    text = README.read_text()
    changed = text.replace(f"{figures['pe']['lut']:,}", "7")
    assert changed != text
    assert with_section(changed, "ppa", summary(figures)) == text


def test_runs_that_are_not_published_are_named():
    figures = json.loads(FIGURES.read_text())
    assert figures.keys() <= standard_set(3).keys()
    missing = [title for name, title in TITLES.items() if name not in figures]
    report = FIGURES.with_name("report.md").read_text()
    expected = f"Not measured yet, `make ppa` goes on with it: {'; '.join(missing)}." if missing else ""
    assert [line for line in report.splitlines() if line.startswith("Not measured yet")] == [expected] * bool(
        missing
    )


def test_targets_have_the_published_figures():
    assert MEASURED.read_text() == measured(json.loads(FIGURES.read_text()))


def test_page_on_levels_has_the_published_figures():
    figures = json.loads(FIGURES.with_name("levels.json").read_text())
    page = FIGURES.with_name("levels.md").read_text()
    rows = dict(line.strip("| ").split(" | ", 1) for line in page.splitlines() if line.startswith("| "))
    assert figures.keys() <= tops().keys() & rows.keys()
    for title, run in figures.items():
        numbers = rows[title].replace("*", "").replace(",", "").split(" | ")
        signals = run["fan_out"]["signals"]
        assert numbers[1] == str(run["levels"]["registers"]["levels"])
        assert (numbers[5], numbers[6]) == (str(signals[0]["loads"]), str(run["fan_out"]["many"]))
        assert f"{title}: " + ", ".join(f"`{net['signal']}` {net['loads']:,}" for net in signals) in page


def test_engines_beside_the_gpu_have_the_published_clock():
    figures = json.loads(FIGURES.read_text())
    clocks = {BUILDS[name].clock_mhz for name in ("4x4", "8x8")}
    assert clocks == {round(figures["engine_4x4"]["fmax_mhz_trimmed"])}
