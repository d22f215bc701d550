"""Copies of what drives many loads."""

from collections import Counter

import pytest

from gen.synth.copies import copy_drivers
from gen.synth.errors import SynthesisError
from gen.synth.fan_out import largest_fan_outs
from gen.synth.nets import read_nets
from verif.gen.synth.netlists import cell, lut, netlist, register


def cells_of(design):
    return design["modules"]["top"]["cells"]


def most_loads(design):
    return max(net.loads for net in largest_fan_outs(read_nets(design, "ecp5")).signals)


def copied(*cells, most=4, **ports):
    """The netlist of ``cells`` with its copies, and how many there are."""
    design = netlist(*cells, **ports)
    return design, copy_drivers(design, most=most)


@pytest.mark.parametrize(
    ("driver", "kind"),
    [(register("d", "q", CE="en", LSR="clear"), "TRELLIS_FF"), (lut("q", "d", "en"), "LUT4")],
)
@pytest.mark.parametrize(("loads", "copies"), [(4, 0), (5, 1), (8, 1), (9, 2)])
def test_loads_are_divided(driver, kind, loads, copies):
    readers = [lut(f"$z{n}", "q") for n in range(loads)]
    design, made = copied(driver, *readers, inputs=["d", "en", "clear"])
    assert made == copies
    drivers = [c for name, c in cells_of(design).items() if name.startswith("$cell$0")]
    assert len(drivers) == 1 + copies
    inputs = [{p: b for p, b in c["connections"].items() if p not in "QZ"} for c in drivers]
    assert inputs == inputs[:1] * len(inputs)
    outputs = [c["connections"]["Q" if kind == "TRELLIS_FF" else "Z"][0] for c in drivers]
    assert len(set(outputs)) == len(outputs)
    read = Counter(
        c["connections"]["A"][0] for name, c in cells_of(design).items() if not name.startswith("$cell$0")
    )
    assert set(read) == set(outputs)
    assert sum(read.values()) == loads
    assert max(read.values()) <= 4


def test_boxes_are_loads_and_stay():
    boxes = [cell("element", I="q", Z=f"o{n}") for n in range(5)]
    design = netlist(register("d", "q"), *boxes, inputs=["d"])
    with pytest.raises(SynthesisError, match="no rule for paths through element "):
        copy_drivers(design, most=4)
    assert copy_drivers(design, most=4, boxes=["element"]) == 1
    read = Counter(c["connections"]["I"][0] for c in cells_of(design).values() if c["type"] == "element")
    assert sorted(read.values()) == [2, 3]


def test_loads_named_alike_stay_together():
    parts = ["b", "a"] * 4
    tables = [lut(f"$z{n}", "q") for n in range(8)]
    ends = [register(f"$z{n}", f"{part}.reader{n}") for n, part in enumerate(parts)]
    design, made = copied(register("d", "q"), *tables, *ends, inputs=["d"])
    assert made == 1
    nets = {"a": set(), "b": set()}
    for n, part in enumerate(parts):
        nets[part] |= {*cells_of(design)[f"$cell${1 + n}"]["connections"]["A"]}
    assert [len(found) for found in nets.values()] == [1, 1]
    assert nets["a"] != nets["b"]


def test_copies_are_loads_of_what_drives_them():
    """Four tables have five loads each: with a copy of each, their register has eight."""
    middle = [lut(f"$m{n}", "q") for n in range(4)]
    readers = [lut(f"$z{n}_{k}", f"$m{n}") for n in range(4) for k in range(5)]
    design, made = copied(register("d", "q"), *middle, *readers, inputs=["d"])
    assert made == 4 + 1
    assert most_loads(design) <= 4


def test_a_port_of_several_bits_keeps_the_others():
    memories = [cell("TRELLIS_DPR16X4", WCK="clk", RAD=["q", "d"], DO=[f"$o{n}", f"$p{n}"]) for n in range(5)]
    design, made = copied(register("d", "q"), *memories, inputs=["d"])
    assert made == 1
    pins = [c["connections"]["RAD"] for c in cells_of(design).values() if c["type"] == "TRELLIS_DPR16X4"]
    assert len({first for first, _ in pins}) == 2
    assert len({second for _, second in pins}) == 1


@pytest.mark.parametrize(
    ("cells", "inputs"),
    [
        ([lut(f"$z{n}", "i") for n in range(9)], ["i"]),
        ([cell("PFUMX", ALUT="$a", BLUT="$b", C0="s", Z="q"), lut("$a", "i"), lut("$b", "i")], ["s", "i"]),
        ([cell("DP16KD", CLKA="clk", DOA0="q")], []),
    ],
    ids=["an input", "packed with others", "a memory"],
)
def test_what_cannot_be_copied_stays(cells, inputs):
    design, made = copied(*cells, *(lut(f"$r{n}", "q") for n in range(9)), inputs=inputs)
    assert made == 0
    assert len(cells_of(design)) == len(cells) + 9


def test_a_placed_cell_stays():
    design = netlist(register("d", "q"), *(lut(f"$r{n}", "q") for n in range(9)), inputs=["d"])
    cells_of(design)["$cell$0"]["attributes"] = {"BEL": "X1/Y1/SLICEA.FF0"}
    assert copy_drivers(design, most=4) == 0


def test_clocks_and_outputs_of_the_design_stay():
    registers = [cell("TRELLIS_FF", CLK="q", DI="d", Q=f"$q{n}") for n in range(9)]
    design, made = copied(register("d", "q"), *registers, inputs=["d"])
    assert made == 0
    design, made = copied(
        register("d", "q"), *(lut(f"$r{n}", "q") for n in range(9)), inputs=["d"], outputs=["q"]
    )
    assert made
    ports = design["modules"]["top"]["ports"]
    assert cells_of(design)["$cell$0"]["connections"]["Q"] == ports["q"]["bits"]
