"""Netlists of every family against golden, by the benches of the RTL."""

import pytest

from gen.synth.families import FAMILIES
from hw.array.array import Array
from hw.block.converter import Converter
from hw.block.dequantizer import Dequantizer
from hw.block.quantizer import Quantizer
from hw.target.targets import TARGETS
from verif.needs import NEEDS_OSU018
from verif.netlist.edge_element import EdgeElement
from verif.netlist.netlist import netlist_of
from verif.runner import BenchError

NETLISTS = {family: {"family": family} for family in FAMILIES} | {
    "ecp5-trimmed": {"family": "ecp5", "trim": True},
    "nexus": {"family": "nexus", "trim": True},
}
"""Ways through synthesis."""

FPGAS = [way for way, options in NETLISTS.items() if not FAMILIES[options["family"]].library]
"""Those that make netlists of whole units small enough to simulate: no memories of flip-flops."""

MADE_FOR = {
    options["family"]: [name for name, target in TARGETS.items() if target.family == options["family"]]
    for options in NETLISTS.values()
}
"""The targets made for a family's cells."""

TARGETS = [
    (target, way)
    for way, options in ((way, NETLISTS[way]) for way in FPGAS)
    for target in MADE_FOR[options["family"]] or ("generic",)
]
"""Every target that is made for a family, with each way through synthesis for that family."""

BLOCK_MEMORIES = ("RAMB18E2", "RAMB18E1", "SDPX9B", "PDPSC16K")

UNITS = {"quantizer": Quantizer, "dequantizer": Dequantizer, "converter": Converter}


def unit_bench(bench, unit, way, **parameters):
    netlist = netlist_of(UNITS[unit](**parameters), f"mx_{unit}", **NETLISTS[way])
    bench(
        netlist,
        f"mx_{unit}",
        "verif.hw.block.block_bench",
        parameters={"unit": unit, "words": parameters.get("words", 16), "rounds": 1, "examples": 100},
    )


@pytest.mark.netlist
@pytest.mark.parametrize("way", FPGAS)
@pytest.mark.parametrize("unit", UNITS)
def test_unit(bench, unit, way):
    unit_bench(bench, unit, way)


@pytest.mark.netlist
@pytest.mark.parametrize("way", ["ecp5", "xilinx"])
def test_quantizer_of_parts(bench, way):
    """Its parts wait in a memory of look-up tables."""
    unit_bench(bench, "quantizer", way, words=4)


@pytest.mark.netlist
@pytest.mark.parametrize("way", ["ecp5", "ecp5-trimmed"])
def test_converter_with_block_memory_cells(bench, way):
    unit_bench(bench, "converter", way, target="ecp5")


@pytest.mark.netlist
@pytest.mark.parametrize(("target", "way"), TARGETS)
def test_array(bench, target, way):
    parameters = {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 4, "fraction_bits": 17}
    netlist = netlist_of(Array(**parameters, target=target), "mx_array", **NETLISTS[way])
    bench(netlist, "mx_array", "verif.hw.array.array_bench", parameters=parameters)


@pytest.mark.netlist
@pytest.mark.parametrize(
    ("target", "way"),
    [
        ("xilinx_dsp", "xilinx"),
        ("xilinx7", "xilinx7"),
        ("generic", "gowin"),
        ("generic", "nexus"),
    ],
)
def test_array_with_block_memories(bench, target, way):
    parameters = {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 40, "fraction_bits": 17}
    netlist = netlist_of(Array(**parameters, target=target), "mx_array", **NETLISTS[way])
    assert any(f"module {cell}" in netlist.verilog for cell in BLOCK_MEMORIES)
    bench(netlist, "mx_array", "verif.hw.array.array_bench", parameters=parameters)


def element_bench(bench, element, design=None):
    core = element.element
    parameters = {"fraction_bits": core.fraction_bits, "k_blocks": core.k_blocks}
    return bench(design or element, "mx_pe", "verif.netlist.element_bench", parameters=parameters)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["generic", "generic_dsp"])
@pytest.mark.parametrize(
    ("fraction_bits", "k_blocks"),
    [(17, 8), (9, 2), pytest.param(21, 4, marks=pytest.mark.engine)],
)
def test_exported_element(bench, fraction_bits, k_blocks, target):
    element_bench(bench, EdgeElement(fraction_bits=fraction_bits, k_blocks=k_blocks, target=target))


@pytest.mark.netlist
@pytest.mark.parametrize(
    ("target", "way"),
    [(target, way) for way in FPGAS for target in ("generic", *MADE_FOR[NETLISTS[way]["family"]])]
    + [pytest.param("generic", "osu018", marks=NEEDS_OSU018)],
)
def test_element(bench, target, way):
    element = EdgeElement(fraction_bits=17, k_blocks=8, target=target)
    element_bench(bench, element, netlist_of(element, "mx_pe", **NETLISTS[way]))


def invert_table(netlist):
    """Invert one carry cell's table in the half that makes a sum which is read."""
    cells = netlist["modules"]["mx_pe"]["cells"].values()
    read = {bit for c in cells if c["type"] == "TRELLIS_FF" for bit in c["connections"]["DI"]}
    sums = [c for c in cells if c["type"] == "CCU2C" and c["connections"]["S1"][0] in read]
    parameters = sums[len(sums) // 2]["parameters"]
    parameters["INIT1"] = parameters["INIT1"].translate(str.maketrans("01", "10"))


def propagate_carry_in(netlist):
    """Let the first half of a chain pass its carry input on."""
    cells = [c for c in netlist["modules"]["mx_pe"]["cells"].values() if c["type"] == "CCU2C"]
    first = next(c for c in cells if not isinstance(c["connections"].get("CIN", ["x"])[0], int))
    first["parameters"]["INIT0"] = "1" * 16


def skip_copies(netlist):
    """Let the copies of a register be a cycle late."""
    cells = netlist["modules"]["mx_pe"]["cells"]
    name, copy = next((n, c) for n, c in cells.items() if "$copy" in n and c["type"] == "TRELLIS_FF")
    original = cells[name.partition("$copy")[0]]
    copy["connections"]["DI"] = original["connections"]["Q"]


@pytest.mark.netlist
@pytest.mark.parametrize("change", [invert_table, propagate_carry_in, skip_copies])
def test_changed_netlist_fails(bench, change):
    element = EdgeElement(fraction_bits=17, k_blocks=8, target="ecp5")
    netlist = netlist_of(element, "mx_pe", family="ecp5", trim=True, change=change)
    with pytest.raises(BenchError, match=r"half: 0x\w+, not 0x\w+"):
        element_bench(bench, element, netlist)
