"""Figures in the documentation are those of the published report."""

import json

from gen.targets_command import MEASURED
from perf.ppa.publish import FIGURES, README, measured, summary, with_summary
from perf.ppa.standard import standard_set


def test_readme_has_the_published_figures():
    figures = json.loads(FIGURES.read_text())
    assert summary(figures) in README.read_text()


def test_a_figure_that_was_typed_does_not_stay():
    figures = json.loads(FIGURES.read_text())
    text = README.read_text()
    changed = text.replace(f"{figures['pe']['lut']:,}", "7")
    assert changed != text
    assert with_summary(changed, figures) == text


def test_every_run_of_the_standard_set_is_published():
    assert json.loads(FIGURES.read_text()).keys() == standard_set(3).keys()


def test_targets_have_the_published_figures():
    assert MEASURED.read_text() == measured(json.loads(FIGURES.read_text()))
