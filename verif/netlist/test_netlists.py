"""Netlists of every family against golden, by the benches of the RTL."""

import pytest

from hw.array import Array
from hw.carry_sum import TARGETS
from hw.converter import Converter
from hw.dequantizer import Dequantizer
from hw.processing_element import ProcessingElement
from hw.quantizer import Quantizer
from verif.netlist.netlist import netlist_of

NETLISTS = {
    "ecp5": {"family": "ecp5"},
    "ecp5-trimmed": {"family": "ecp5", "trim": True},
    "xcup": {"family": "xcup"},
    "gowin": {"family": "gowin"},
}
"""Ways through synthesis."""

UNITS = {"quantizer": Quantizer, "dequantizer": Dequantizer, "converter": Converter}


@pytest.mark.slow
@pytest.mark.parametrize("way", NETLISTS)
@pytest.mark.parametrize("unit", UNITS)
def test_unit(bench, unit, way):
    netlist = netlist_of(UNITS[unit](), f"mx_{unit}", **NETLISTS[way])
    bench(
        netlist,
        f"mx_{unit}",
        "verif.hw.block_bench",
        parameters={"unit": unit, "rounds": 1, "examples": 100},
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ecp5-trimmed", "ecp5", "xcup"])
def test_array(bench, way):
    parameters = {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 4, "fraction_bits": 17}
    family = NETLISTS[way]["family"]
    array = Array(**parameters, target=family if family in TARGETS else "generic")
    netlist = netlist_of(array, "mx_array", **NETLISTS[way])
    parameters["reset_cycles"] = array.latency
    bench(netlist, "mx_array", "verif.array.array_bench", parameters=parameters)


def element_bench(bench, element, design=None):
    parameters = {"fraction_bits": element.fraction_bits, "k_blocks": element.k_blocks}
    return bench(design or element, "mx_pe", "verif.netlist.element_bench", parameters=parameters)


@pytest.mark.parametrize(("fraction_bits", "k_blocks"), [(17, 8), (9, 2), (21, 4)])
def test_exported_element(bench, fraction_bits, k_blocks):
    element_bench(bench, ProcessingElement(fraction_bits=fraction_bits, k_blocks=k_blocks))


@pytest.mark.slow
@pytest.mark.parametrize("way", NETLISTS)
@pytest.mark.parametrize("target", TARGETS)
def test_element(bench, target, way):
    if target not in ("generic", NETLISTS[way]["family"]):
        pytest.skip("another family's cells")
    element = ProcessingElement(fraction_bits=17, k_blocks=8, target=target)
    element_bench(bench, element, netlist_of(element, "mx_pe", **NETLISTS[way]))
