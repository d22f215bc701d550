"""Netlists of units of functions, of every family, by look-up tables alone and with DSP blocks."""

import pytest

from gen.synth.families import FAMILIES
from verif.hw.functions.function_vectors import UNITS
from verif.hw.functions.row_vectors import ROW_UNITS
from verif.needs import NEEDS_OSU018
from verif.netlist.netlist import netlist_of
from verif.runner import BenchError

DSP_BLOCKS = {
    "ecp5": ("MULT18X18D",),
    "xilinx": ("DSP48E2",),
    "xilinx7": ("DSP48E1",),
    "gowin": ("MULT9X9", "MULT18X18"),
}
"""Those that products become."""

WAYS = [
    pytest.param(family, dsp, id=f"{family}-dsp" if dsp else family, marks=marks)
    for family, known in FAMILIES.items()
    for dsp in ((False, True) if family in DSP_BLOCKS else (False,))
    for marks in (NEEDS_OSU018 if known.library else (),)
]


def function_bench(bench, unit, netlist):
    bench(netlist, f"mx_{unit}", "verif.netlist.function_bench", parameters={"unit": unit})


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", [pytest.param(unit, marks=pytest.mark.engine if unit == "exp2" else ()) for unit in UNITS]
)
def test_exported(bench, unit):
    function_bench(bench, unit, UNITS[unit]())


@pytest.mark.netlist
@pytest.mark.parametrize(("family", "dsp"), WAYS)
@pytest.mark.parametrize("unit", ["exp2", "activation", "normalize"])
def test_netlist(bench, unit, family, dsp):
    """An element of a norm has two of the products."""
    netlist = netlist_of(UNITS[unit](), f"mx_{unit}", family=family, dsp=dsp)
    assert any(f"{cell} " in netlist.verilog for cell in DSP_BLOCKS.get(family, ())) == dsp
    function_bench(bench, unit, netlist)


@pytest.mark.netlist
@pytest.mark.parametrize(
    ("unit", "family", "dsp"),
    [
        pytest.param("row_statistics", *way.values, id=f"row_statistics-{way.id}", marks=way.marks)
        for way in WAYS
    ]
    # It multiplies nothing.
    + [
        pytest.param("reciprocal", *way.values, id=f"reciprocal-{way.id}", marks=way.marks)
        for way in WAYS
        if not way.values[1]
    ],
)
def test_netlist_of_row_unit(bench, unit, family, dsp):
    netlist = netlist_of(ROW_UNITS[unit].unit(), f"mx_{unit}", family=family, dsp=dsp)
    bench(netlist, f"mx_{unit}", "verif.netlist.row_unit_bench", parameters={"unit": unit})


def invert_table(netlist):
    """Invert a look-up table that a result's bit comes from, through a register."""
    (module,) = (m for name, m in netlist["modules"].items() if name == "mx_exp2")
    cells = module["cells"].values()
    shown = set(module["ports"]["o"]["bits"])
    read = {
        c["connections"]["DI"][0]
        for c in cells
        if c["type"] == "TRELLIS_FF" and c["connections"]["Q"][0] in shown
    }
    table = next(c for c in cells if c["type"] == "LUT4" and c["connections"]["Z"][0] in read)
    table["parameters"]["INIT"] = table["parameters"]["INIT"].translate(str.maketrans("01", "10"))


def swap_factors_bits(netlist):
    """Exchange two bits of a factor of a DSP block."""
    (module,) = (m for name, m in netlist["modules"].items() if name == "mx_exp2")
    block = next(c for c in module["cells"].values() if c["type"] == "MULT18X18D")["connections"]
    block["A0"], block["A1"] = block["A1"], block["A0"]


@pytest.mark.netlist
@pytest.mark.parametrize(("change", "dsp"), [(invert_table, False), (swap_factors_bits, True)])
def test_changed_netlist_fails(bench, change, dsp):
    netlist = netlist_of(UNITS["exp2"](), "mx_exp2", family="ecp5", dsp=dsp, change=change)
    with pytest.raises(BenchError, match=r"element \d+: 0x\w+, not 0x\w+"):
        function_bench(bench, "exp2", netlist)
