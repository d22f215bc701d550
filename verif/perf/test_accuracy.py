"""Errors of functions: what the documentation says of them."""

import math
import re

import numpy as np
import pytest

from perf.accuracy.__main__ import PAGE
from perf.accuracy.functions import rows


@pytest.fixture(scope="module")
def found():
    return {(row.function, row.unit): row for row in rows()}


def test_page_has_the_figures(found):
    """But for the last digit, in which processors' exponentials may differ."""
    section = PAGE.read_text().partition("<!-- accuracy -->")[2].partition("<!-- end of accuracy -->")[0]
    cells = [re.split(r" *\| *", line.strip("| ")) for line in section.splitlines() if line.startswith("| ")]
    published = {(function, unit): numbers for function, unit, *numbers in cells[1:]}
    assert published.keys() == found.keys()
    for key, (most, usual, sqnr) in published.items():
        row = found[key]
        assert float(most) == pytest.approx(row.most, rel=0.02, abs=0.001)
        assert float(usual) == pytest.approx(row.usual, rel=0.02, abs=0.0001)
        assert float(sqnr.removesuffix(" dB")) == pytest.approx(row.sqnr, abs=0.11)


def test_ours_lose_nothing_in_mx9(found):
    for (function, unit), row in found.items():
        if unit.startswith("ours"):
            assert row.most < 0.05
            assert row.sqnr > found[function, "float64"].sqnr - 0.01


def test_gelu_by_the_error_function_is_near():
    """What the page says of the two definitions."""
    x = np.linspace(-8, 8, 20001)
    by_error = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x]
    by_tangent = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    assert 0.0004 < np.abs(by_tangent - by_error).max() < 0.0005


def test_others_lose_more(found):
    others = [row for row in found.values() if not row.unit.startswith(("ours", "float64"))]
    assert len(others) == 5
    for row in others:
        assert row.usual > 10 * found[row.function, "ours"].usual
