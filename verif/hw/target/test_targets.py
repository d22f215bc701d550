"""Targets and what else must know of each."""

import pytest

from gen.synth.families import FAMILIES
from hw.target.targets import TARGETS, check_target
from verif.netlist.models import MODEL_FILES


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_cells_of_a_target_are_known_to_synthesis_and_to_simulation(target):
    assert target.family is None or (target.family in FAMILIES and target.family in MODEL_FILES)


def test_other_targets_are_refused():
    with pytest.raises(ValueError, match=r"target must be one of generic, ecp5, .*, not 'asic'"):
        check_target("asic")
