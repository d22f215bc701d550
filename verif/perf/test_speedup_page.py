"""The page of the comparison: in a browser it is whole, and loads and runs nothing."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perf.speedup import tables
from perf.speedup.ablation_tables import ablation_table, ladder_table
from perf.speedup.ablations import read_ablations
from perf.speedup.charts import speedup_chart
from perf.speedup.comparison import Comparison
from perf.speedup.page import page
from perf.speedup.published import read
from perf.speedup.roofline import intensity, rate, roof
from perf.speedup.svg import Drawing, LogAxis
from perf.speedup.table import Table
from perf.speedup.waterfall import waterfall
from verif.needs import needs
from verif.perf.cells import made_cell

WIDTH, HEIGHT = 1180, 2600
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--log-level=0")


@pytest.fixture(scope="module")
def comparison():
    """One network, so that the page is made in a moment."""
    return Comparison.of([cell for cell in read() if cell.network == "dit-xl-2-256"])


@pytest.fixture(scope="module")
def text(comparison):
    return page(comparison, read_ablations())


def rendered(text: str, folder: Path) -> tuple[np.ndarray, list[str]]:
    """What a browser shows of a page, uint8 ``[height, width, 3]``, and what its console says."""
    source, picture = folder / "page.html", folder / "page.png"
    source.write_text(text)
    run = subprocess.run(
        [
            *BROWSER,
            "--enable-logging=stderr",
            f"--user-data-dir={folder / 'browser'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture}",
            source.as_uri(),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return np.asarray(Image.open(picture).convert("RGB")), said


@needs("chromium")
@pytest.mark.slow
def test_a_browser_shows_it_and_says_nothing(text, tmp_path):
    shown, said = rendered(text, tmp_path)
    assert said == []
    assert shown.shape == (HEIGHT, WIDTH, 3)
    inked = (shown < 200).any(axis=2)
    for part in np.array_split(inked, 6):  # from top to bottom
        assert 0.005 < part.mean() < 0.5
    colors = {tuple(color) for color in shown.reshape(-1, 3)[::7]}
    assert {(0x2F, 0x66, 0x90), (0xD9, 0xA4, 0x41), (0xB5, 0x65, 0x76)} <= colors  # bars


@needs("chromium")
@pytest.mark.slow
def test_a_broken_page_is_told(text, tmp_path):
    """What the test above looks for can be found."""
    shown, said = rendered(text.replace("</body>", "<script>missing()</script></body>"), tmp_path)
    assert len(said) == 1
    assert "missing is not defined" in said[0]
    blank, _ = rendered("<!DOCTYPE html><title>blank</title>", tmp_path)
    assert not (blank < 200).any()
    assert (shown < 200).any()


class Elements(HTMLParser):
    """Checks that elements are closed in order; collects them and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.opened, self.found = [], []
        self.feed(text)
        assert self.opened == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta",):
            self.opened.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag


def test_it_loads_and_runs_nothing(text):
    elements = Elements(text).found
    names = {tag for tag, _ in elements}
    assert not names & {"script", "link", "img", "iframe", "image", "use", "object"}
    targets = [value for _, of in elements for name, value in of.items() if name in ("src", "href")]
    marks = {of["id"] for _, of in elements if "id" in of}
    assert targets
    assert {target.removeprefix("#") for target in targets} <= marks
    assert not re.search(r"url\(|@import|\son\w+=", text)


def test_it_has_every_figure_of_the_tables(comparison, text):
    shown = re.sub(r"<[^>]+>", "|", text)
    found = [each for each in read_ablations() if each.network == "dit-xl-2-256"]
    for table in (*tables.tables(comparison), ablation_table(found), ladder_table(found)):
        for row in table.rows:
            for figure in row:
                assert figure in shown.replace("&#x27;", "'")


def test_bars_of_a_waterfall_are_as_long_as_its_steps(comparison, text):
    """The last one is all; those before it stand end to end."""
    cell = next(c for c in comparison.cells if (c.build, c.mix) == ("4096", "MX6"))
    steps = [cycles for cycles in waterfall(cell).values() if cycles]
    picture = next(each for each in text.split("<svg")[1:] if "4,096 elements: where" in each)
    bars = [
        (float(x), float(w))
        for x, w in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)
    ]
    bars = bars[: len(steps) + 1]
    unit = bars[-1][1] / sum(steps)
    place = bars[-1][0]
    for (left, wide), cycles in zip(bars, steps, strict=False):
        assert left == pytest.approx(place, abs=0.2)
        assert wide == pytest.approx(max(0.5, unit * cycles), abs=0.2)
        place += unit * cycles


def test_points_lie_below_the_roof():
    cells = read()
    for cell in cells:
        assert rate(cell) <= roof(cell.time.build, intensity(cell)) * 1.0001, cell.key
    build = cells[-1].time.build
    assert roof(build, 1e9) == 2 * 16 * 8192 * 1e9
    assert roof(build, 1e9, passes=4) == roof(build, 1e9) / 4
    assert roof(build, 10) == 9.36e12


def test_engines_far_behind_are_in_no_chart(comparison):
    slow = Comparison(
        cells=[made_cell(10**9)], baselines={"dit-xl-2-256": comparison.baselines["dit-xl-2-256"]}
    )
    assert speedup_chart("dit-xl-2-256", slow) is None
    assert "times slower" in page(slow)


def test_words_are_escaped():
    drawing = Drawing(width=10, height=10, title="a < b")
    drawing.text(1, 2, "<script>")
    drawing.mark(1, 2, "#000000", note="1 & 2")
    assert "a &lt; b" in str(drawing)
    assert "&lt;script&gt;" in str(drawing)
    assert "1 &amp; 2" in str(drawing)
    assert "<td>&lt;b&gt;</td>" in Table(title="", head=("x",), rows=[("<b>",)]).html()


def test_what_makes_no_picture_or_table_is_refused():
    with pytest.raises(ValueError, match="an axis must go from above 0 upwards, not from 0 to 2"):
        LogAxis(least=0, most=2, start=0, end=1)
    with pytest.raises(ValueError, match="must have 2 texts, not"):
        Table(title="t", head=("a", "b"), rows=[("1",)])
