"""Fan-outs, on netlists that are small enough to count by hand."""

from gen.synth.fan_out import MANY, largest_fan_outs
from gen.synth.nets import read_nets
from verif.gen.synth.netlists import amd_register, cell, lut, netlist, register


def fan_outs(*cells, family="ecp5", number=10, **ports):
    return largest_fan_outs(read_nets(netlist(*cells, **ports), family), number=number)


def loads(found):
    return [(net.signal, net.loads) for net in found]


def test_loads_are_counted_by_what_they_do():
    registers = [register("core.a", f"core.q{i}", CE="core.en", LSR="core.clear") for i in range(3)]
    found = fan_outs(
        *registers, lut("o", "core.en"), inputs=["core.en", "core.clear", "core.a"], outputs=["o"]
    )
    assert [str(net) for net in found.signals[:3]] == [
        "core.en 4 (3 enable, 1 data)",
        "core.a 3 (3 data)",
        "core.clear 3 (3 reset)",
    ]
    assert loads(found.clocks) == [("clk", 3)]


def test_signals_of_too_many_loads_are_counted():
    readers = [lut(f"$z{net}{i}", f"core.{net}") for net in "ab" for i in range(MANY + (net == "b"))]
    assert fan_outs(*readers, inputs=["core.a", "core.b"]).many == 1


def test_an_output_of_the_design_is_a_load():
    found = fan_outs(register("0", "core.a"), lut("core.a2", "core.a"), outputs=["core.a"])
    assert found.signals[0].roles == {"data": 1, "port": 1}


def test_reset_stands_apart_even_when_inverted():
    inverter = cell("INV", I="rst", O="$n")
    registers = [cell("FDRE", C="clk", D="rst", R="$n", Q=f"core.q{i}") for i in range(5)]
    found = fan_outs(
        inverter, *registers, amd_register("core.x", "core.y"), family="xilinx", inputs=["core.x"]
    )
    assert loads(found.resets) == [("rst", 6), ("before core.q0", 5)]
    assert loads(found.signals) == [("core.x", 1)]


def test_addresses_of_block_memories_are_left_out_of_the_count():
    memories = [
        cell("DP16KD", CLKA="clk", ADA5="core.at", DIA0="core.at", DOA0=f"core.d{i}") for i in range(4)
    ]
    found = fan_outs(*memories, lut("o", "core.at"), inputs=["core.at"], outputs=["o"])
    assert loads(found.signals) == [("core.at", 5), ("o", 1)]
    assert loads(found.addresses) == [("core.at", 4)]


def test_addresses_of_memories_of_tables_count():
    memories = [
        cell("TRELLIS_DPR16X4", WCK="clk", RAD=["core.at", "0"], DO=[f"core.d{i}", "$x"]) for i in range(4)
    ]
    found = fan_outs(*memories, inputs=["core.at"])
    assert loads(found.signals) == [("core.at", 4)]
    assert found.addresses == ()


def test_a_net_without_a_name_is_called_after_what_it_leads_to():
    tables = [lut(f"$t{i}", "$en") for i in range(3)]
    registers = [register(f"$t{i}", name) for i, name in enumerate(["core.b", "core.a[0]", "core.a[1]"])]
    found = fan_outs(register("0", "core.q"), lut("$en", "core.q"), *tables, *registers)
    assert loads(found.signals)[0] == ("before core.a", 3)


def test_constants_are_no_signals():
    found = fan_outs(
        cell("GND", G="$g"), *(cell("LUT2", I0="$g", F=f"$z{i}") for i in range(9)), family="gowin"
    )
    assert found.signals == ()


def test_the_largest_come_first_and_equal_ones_by_name():
    wires = {"core.a": 1, "core.c": 2, "core.b": 2, "core.d": 1}
    readers = [lut(f"$z{net}{i}", net) for net, count in wires.items() for i in range(count)]
    found = fan_outs(*readers, number=3, inputs=list(wires))
    assert loads(found.signals) == [("core.b", 2), ("core.c", 2), ("core.a", 1)]
