"""Targets, and what else must know of each."""

import pytest

from gen.synth.families import FAMILIES
from hw.target import generic
from hw.target.targets import TARGETS, check_target
from verif.netlist.test_primitives import IN_CELLS


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_cells_of_a_target_are_known_to_synthesis(target):
    assert target.family is None or target.family in FAMILIES


def test_every_carry_chain_in_cells_is_proven():
    own = {target.family for target in TARGETS.values() if target.carry_chain is not generic.carry_chain}
    assert own == {TARGETS[name].family for name in IN_CELLS}


def test_other_targets_are_refused():
    with pytest.raises(ValueError, match=r"target must be one of generic, ecp5, .*, not 'asic'"):
        check_target("asic")
