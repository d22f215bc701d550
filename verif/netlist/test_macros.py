"""The netlist of the array with its elements as placed macros against golden, by the bench of the RTL."""

import pytest

from hw.array.array import Array
from verif.netlist.netlist import netlist_of
from verif.runner import BenchError

PARAMETERS = {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 4, "fraction_bits": 17}


def array_bench(bench, change=None):
    array = Array(**PARAMETERS, target="ecp5")
    netlist = netlist_of(array, "mx_array", family="ecp5", macros=True, change=change)
    bench(netlist, "mx_array", "verif.hw.array.array_bench", parameters=PARAMETERS)


def swap_nets(netlist):
    """Let two bits of the total of one element change places."""
    cells = netlist["modules"]["mx_array"]["cells"]
    totals = [name for name in cells if "pe_0_1.total_TRELLIS_FF_Q" in name]
    first, second = (cells[name]["connections"] for name in totals[:2])
    first["Q"], second["Q"] = second["Q"], first["Q"]


def expect_copies(netlist):
    """What drives many loads around the elements has copies."""
    assert any("$copy" in name for name in netlist["modules"]["mx_array"]["cells"])


@pytest.mark.netlist
def test_array_of_macros(bench):
    array_bench(bench, expect_copies)


@pytest.mark.netlist
def test_swapped_nets_of_a_macro_fail(bench):
    with pytest.raises(BenchError, match="0x"):
        array_bench(bench, swap_nets)
