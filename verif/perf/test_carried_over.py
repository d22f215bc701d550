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


def test_designs_that_changed_are_not_carried_over():
    request = Request(subject=SUBJECTS["pe"], family=FAMILIES["ecp5"], parameters={"target": "ecp5"})
    digest = request.subject.build(request.parameters).digest
    published = {"pe": {**PUBLISHED["pe"], "digest": digest}}
    assert carried_over(published, {"pe": request, "other": request}).keys() == {"pe"}
    assert carried_over(published, {"pe": replace(request, parameters={"target": "generic"})}) == {}
    del published["pe"]["digest"]
    assert carried_over(published, {"pe": request}) == {}
