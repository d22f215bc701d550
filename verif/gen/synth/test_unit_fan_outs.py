"""Fan-outs of the block units in the netlists that Yosys makes of them."""

import json

import pytest

from gen.synth.families import FAMILIES
from gen.synth.fan_out import MANY, largest_fan_outs
from gen.synth.nets import read_nets
from gen.synth.subjects import SUBJECTS
from gen.synth.synthesis import synthesize
from mixdit.sim.build_cache import build_root

FAMILY_MARKS = [
    pytest.param("ecp5", marks=pytest.mark.slow),
    pytest.param("xilinx", marks=pytest.mark.sweep),
]


@pytest.mark.parametrize("family", FAMILY_MARKS)
@pytest.mark.parametrize(
    ("unit", "parameters"),
    [("quantizer", {}), ("quantizer", {"words": 4}), ("dequantizer", {}), ("converter", {})],
    ids=["quantizer", "quantizer_of_parts", "dequantizer", "converter"],
)
def test_no_signal_of_a_block_unit_has_many_loads(unit, parameters, family):
    built = SUBJECTS[unit].build({"target": family, **parameters})
    store = build_root() / "synth"
    netlist = synthesize(built.verilog, built.top, family=FAMILIES[family], dsp=False, store=store)
    found = largest_fan_outs(read_nets(json.loads(netlist.path.read_text()), family))
    assert not [str(net) for net in found.signals if net.loads > MANY]
