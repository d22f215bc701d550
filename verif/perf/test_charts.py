"""The report's charts: whatever the runs are called, every text is on the picture."""

import json

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from perf.ppa import charts
from perf.ppa.charts import area, draw_charts, efficiency, fmax
from perf.ppa.publish import FIGURES
from perf.ppa.report import CHARTS
from perf.ppa.standard import ARRAYS, TITLES

LONG = {
    name: f"{title}, with a name of ninety letters or more: no row has room for it"
    for name, title in TITLES.items()
}


@pytest.fixture(scope="module")
def results():
    return json.loads(FIGURES.read_text())


@pytest.mark.parametrize("titles", [TITLES, LONG], ids=["published", "long"])
@pytest.mark.parametrize("chart", [efficiency, fmax, area])
def test_no_text_is_cut_off(chart, titles, results, monkeypatch):
    monkeypatch.setattr(charts, "TITLES", titles)
    figure = chart(results)
    FigureCanvasAgg(figure).draw()
    page, drawn = figure.bbox_inches, figure.get_tightbbox()  # which leaves out ticks beyond an axis
    assert page.contains(*drawn.min), f"text starts at {drawn.min} inches"
    assert page.contains(*drawn.max), f"text ends at {drawn.max} inches, the page at {page.max}"
    shown = {text.get_text().replace("\n", " ") for text in figure.findobj(Text)}
    measured = [name for name in ARRAYS if name in results]  # the fewest rows that a chart has
    assert len(shown & set(titles.values())) >= len(measured) >= 2
    (axes,) = figure.axes
    assert axes.bbox.width > 0.5 * figure.bbox.width, "labels leave no room for bars"


def test_charts_are_the_files_of_the_report(results, tmp_path):
    draw_charts(results, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == CHARTS.keys()
