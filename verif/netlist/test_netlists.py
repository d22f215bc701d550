"""Netlists of every family against golden, by the benches of the RTL."""

import pytest

from hw.converter import Converter
from hw.dequantizer import Dequantizer
from hw.quantizer import Quantizer
from verif.netlist.netlist import netlist_of

UNITS = {"quantizer": Quantizer, "dequantizer": Dequantizer, "converter": Converter}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "trim"), [("ecp5", False), ("ecp5", True), ("xcup", False), ("gowin", False)]
)
@pytest.mark.parametrize("unit", UNITS)
def test_unit(bench, unit, family, trim):
    netlist = netlist_of(UNITS[unit](), f"mx_{unit}", family=family, trim=trim)
    bench(
        netlist,
        f"mx_{unit}",
        "verif.hw.block_bench",
        parameters={"unit": unit, "rounds": 1, "examples": 100},
    )
