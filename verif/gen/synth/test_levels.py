"""Levels of logic, on netlists that are small enough to count by hand."""

import json
import re

import pytest

from gen.synth.cell_tables import CELLS
from gen.synth.cells import Kind, matches
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.levels import longest_chains
from gen.synth.nets import read_nets
from gen.synth.synthesis import synthesize
from verif.gen.synth.netlists import amd_register, cell, chains, lut, register


def adder(carry_in, carry_out, *inputs, s0="$s0", s1="$s1"):
    """A carry cell of ECP5."""
    return cell(
        "CCU2C", CIN=carry_in, COUT=carry_out, S0=s0, S1=s1, **dict(zip(("A0", "A1"), inputs, strict=False))
    )


def carry4(carry_in, carry_out, s="0", di="0", o="$o"):
    """A carry cell of AMD, of which the lowest inputs and the highest outputs are used."""
    low, high = ["0"] * 3, ["$unused0", "$unused1", "$unused2"]
    wide = [f"{carry_out}{name}" for name in high]
    return cell(
        "CARRY4",
        CI=carry_in,
        CYINIT="0",
        S=[s, *low],
        DI=[di, *low],
        CO=[*wide, carry_out],
        O=[*wide_o(o), o],
    )


def wide_o(name):
    return [f"{name}{i}" for i in range(3)]


def test_chain_has_its_registers_and_the_signals_between_them():
    found = chains(
        register("$x", "core.a"),
        lut("$1", "core.a"),
        lut("core.b", "$1"),
        lut("$2", "core.b"),
        register("$2", "core.q"),
    ).registers
    assert (found.levels, found.start, found.end) == (3, "core.a", "core.q")
    assert str(found) == "core.a -> LUT4 -> LUT4 (core.b) -> LUT4 -> core.q"


def test_longest_of_several_ways_counts():
    short = lut("$q", "core.a", "$2")
    found = chains(
        register("0", "core.a"), lut("$1", "core.a"), lut("$2", "$1"), short, register("$q", "core.q")
    )
    assert found.registers.levels == 3


def test_registers_that_are_wired_to_each_other_have_no_level():
    found = chains(register("core.q", "core.a"), register("core.a", "core.q"))
    assert (found.registers.levels, found.registers.steps) == (0, ())


def test_a_clock_enable_is_an_end():
    found = chains(register("0", "core.a"), lut("$en", "core.a"), register("0", "core.q", CE="$en"))
    assert (found.registers.levels, found.registers.end) == (1, "core.q.CE")


def test_a_clock_is_no_end():
    clocked = cell("TRELLIS_FF", CLK="$2", DI="0", Q="core.q")
    found = chains(register("core.a", "core.a"), lut("$1", "core.a"), lut("$2", "$1"), clocked)
    assert found.registers.levels == 0


def test_paths_at_ports_are_told_apart():
    found = chains(
        *(lut("$1", "i"), lut("$2", "$1"), register("$2", "core.q")),
        *(lut("o", "core.q"), lut("p", "$1"), lut("$x", "core.q", "i"), lut("$y", "$x"), lut("r", "$y")),
        inputs=["i"],
        outputs=["o", "p", "r"],
    )
    assert found.registers is None
    assert (found.inputs.levels, found.inputs.start, found.inputs.end) == (2, "i", "core.q")
    assert (found.outputs.levels, found.outputs.start, found.outputs.end) == (3, "core.q", "r")
    assert (found.through.levels, found.through.start, found.through.end) == (3, "i", "r")


def test_design_without_logic_has_no_chains():
    found = chains()
    assert (found.registers, found.inputs, found.outputs, found.through) == (None,) * 4


def test_carry_chain_is_one_level():
    links = [adder("0", "$c0", "core.a"), adder("$c0", "$c1"), adder("$c1", "$c2", s1="$sum")]
    found = chains(register("0", "core.a"), *links, lut("$q", "$sum"), register("$q", "core.q")).registers
    assert found.levels == 2
    assert str(found) == "core.a -> 3 x CCU2C -> LUT4 -> core.q"


def test_two_tables_are_longer_than_a_chain_of_many_cells():
    links = [adder("0", "$c0", "core.a"), adder("$c0", "$c1"), adder("$c1", "$c2", s1="$sum")]
    tables = [lut("$1", "core.b"), lut("$2", "$1"), lut("$q", "$sum", "$2")]
    found = chains(
        register("0", "core.a"), register("0", "core.b"), *links, *tables, register("$q", "core.q")
    )
    assert (found.registers.levels, found.registers.start) == (3, "core.b")


def test_two_carry_chains_are_two_levels():
    first, second = adder("0", "$c0", "core.a", s1="$sum"), adder("0", "$c1", "$sum", s0="$top")
    found = chains(register("0", "core.a"), first, second, register("$top", "core.q")).registers
    assert found.levels == 2


def test_a_carry_that_comes_from_a_sum_begins_a_chain():
    """Its wire is no chain's: nextpnr brings it in through the fabric."""
    first, second = adder("0", "$c0", "core.a", s1="$sum"), adder("$sum", "$c1", s0="$top")
    found = chains(register("0", "core.a"), first, second, register("$top", "core.q")).registers
    assert found.levels == 2


def test_the_lower_sum_of_a_carry_cell_does_not_depend_on_the_upper_operand():
    both = adder("0", "$c", "core.a", "$1", s0="$0", s1="$2")
    found = chains(register("0", "core.a"), both, lut("$1", "$0"), register("$2", "core.q")).registers
    assert found.levels == 3


@pytest.mark.parametrize(
    ("pins", "levels"),
    [
        ({"s": "$p"}, 2),  # the look-up table in front of S is the chain's
        ({"di": "$p"}, 3),
        ({"di": "$o5"}, 2),
        ({"s": "core.a"}, 2),
    ],
)
def test_amd_carry_chain_has_the_tables_in_front_of_it(pins, levels):
    found = chains(
        *(amd_register("0", "core.a"), cell("LUT2", I0="core.a", O="$p")),
        cell("LUT6_2", I0="core.a", O5="$o5"),
        *(carry4("0", "$c0", o="$x", **pins), carry4("$c0", "$c1", o="$sum")),
        *(cell("LUT6", I0="$sum", O="$q"), amd_register("$q", "core.q")),
        family="xilinx",
    ).registers
    assert found.levels == levels


@pytest.mark.parametrize(
    ("family", "kind", "data", "select", "out"),
    [
        ("ecp5", "PFUMX", "BLUT", "C0", "Z"),
        ("ecp5", "L6MUX21", "D1", "SD", "Z"),
        ("xilinx", "MUXF7", "I1", "S", "O"),
        ("xilinx7", "MUXF8", "I0", "S", "O"),
        ("gowin", "MUX2_LUT5", "I0", "S0", "O"),
    ],
)
def test_wide_multiplexer_belongs_to_the_tables_that_it_joins(family, kind, data, select, out):
    table = {"ecp5": ("A", "Z"), "gowin": ("I0", "F")}.get(family, ("I0", "O"))
    flip_flop = {"ecp5": register, "gowin": gowin_register}.get(family, amd_register)
    tables = [cell("LUT4", **{table[0]: "core.a", table[1]: "$t"})]

    def levels(**pins):
        mux = cell(kind, **pins, **{out: "$m"})
        return chains(
            flip_flop("0", "core.a"), *tables, mux, flip_flop("$m", "core.q"), family=family
        ).registers

    assert levels(**{data: "$t"}).levels == 1
    assert levels(**{data: "$t", select: "$t"}).levels == 2
    assert levels(**{select: "core.a"}).levels == 1


def gowin_register(d, q):
    return cell("DFF", CLK="clk", D=d, Q=q)


def test_multiplexers_of_multiplexers_are_one_level():
    joins = [cell("PFUMX", ALUT="$t", Z="$f"), cell("L6MUX21", D0="$f", Z="$m")]
    found = chains(register("0", "core.a"), lut("$t", "core.a"), *joins, register("$m", "core.q")).registers
    assert found.levels == 1


def test_block_memory_is_a_register():
    memory = cell("DP16KD", CLKA="clk", ADA3="$1", DOB0="core.read")
    found = chains(register("0", "core.a"), lut("$1", "core.a"), memory, lut("o", "core.read"), outputs=["o"])
    assert (found.registers.levels, found.registers.end) == (1, "core.read.ADA3")
    assert (found.outputs.levels, found.outputs.start) == (1, "core.read")


def test_reading_a_memory_of_tables_is_a_level_and_writing_an_end():
    memory = cell("TRELLIS_DPR16X4", WCK="clk", RAD=["$1", "0"], DI=["$2", "0"], DO=["$read", "$other"])
    found = chains(
        *(
            register("$read", "core.a"),
            lut("$1", "core.a"),
            lut("$3", "$1"),
            lut("$4", "$3"),
            lut("$2", "$4"),
        ),
        memory,
    )
    assert found.registers.levels == 4  # into DI
    assert found.registers.end.endswith(".DI[0]")
    memory["pins"]["DI"] = ["0", "0"]
    found = chains(register("$read", "core.a"), lut("$1", "core.a"), memory)
    assert (found.registers.levels, found.registers.end) == (2, "core.a")


NONE = dict.fromkeys(("REG_INPUTA_CLK", "REG_PIPELINE_CLK", "REG_OUTPUT_CLK"), "NONE")


@pytest.mark.parametrize(
    ("registers", "inwards", "outwards"),
    [
        ((), None, None),  # all in one chain
        (("REG_INPUTA_CLK",), 1, 2),
        (("REG_PIPELINE_CLK",), 2, 2),
        (("REG_OUTPUT_CLK",), 2, 1),
        (("REG_INPUTA_CLK", "REG_OUTPUT_CLK"), 1, 1),
    ],
)
def test_a_multiplier_has_the_registers_that_its_parameters_say(registers, inwards, outwards):
    product = cell("MULT18X18D", NONE | dict.fromkeys(registers, "CLK0"), CLK0="clk", A0="$1", P0="$2")
    logic = [lut("$1", "i"), product, lut("o", "$2")]
    found = chains(*logic, inputs=["i"], outputs=["o"])
    assert (found.inputs and found.inputs.levels, found.outputs and found.outputs.levels) == (
        inwards,
        outwards,
    )
    assert (found.through and found.through.levels) == (None if registers else 3)


@pytest.mark.parametrize(("parameters", "through"), [({}, False), ({"CREG": "0" * 32, "PREG": "0"}, True)])
def test_a_dsp48_has_registers_unless_parameters_say_no(parameters, through):
    block = cell("DSP48E2", parameters, CLK="clk", C=["i", "0"], P=["o", "$p"])
    found = chains(block, family="xilinx", inputs=["i"], outputs=["o"])
    assert (found.through is not None) == through


def test_a_loop_is_an_error_with_its_signals():
    with pytest.raises(
        SynthesisError, match=r"logic in a loop without a register: core\.\w -> core\.\w -> core"
    ):
        chains(lut("core.x", "core.y"), lut("core.y", "core.x"))


def test_a_loop_through_a_register_is_none():
    assert chains(register("$1", "core.a"), lut("$1", "core.a")).registers.levels == 1


def test_unknown_cell_is_an_error():
    with pytest.raises(SynthesisError, match="ecp5: no rule for paths through ODD"):
        chains(cell("ODD", A="core.a"))


def test_constant_inputs_are_no_start():
    constant = cell("GND", G="$gnd")
    found = chains(constant, cell("LUT2", I0="$gnd", F="$1"), gowin_register("$1", "core.q"), family="gowin")
    assert found.registers is None


def test_cells_of_every_fpga_family_are_known():
    assert CELLS.keys() == {name for name, family in FAMILIES.items() if not family.library}


@pytest.mark.parametrize("family", CELLS)
def test_cells_are_what_area_counts_them_as(family):
    counted, cells = FAMILIES[family], CELLS[family]
    kinds = {
        "carry": Kind.CARRY,
        "mux": Kind.MUX,
        "ff": Kind.REGISTER,
        "dsp": Kind.MULTIPLIER,
        "ram": Kind.MEMORY,
    }
    for kind, rule in cells.items():
        area = counted.area({kind: 1})
        if found := [what for field, what in kinds.items() if getattr(area, field)]:
            assert found == [rule.kind], kind
        else:
            assert rule.kind in ((Kind.LUT, Kind.MEMORY) if area.lut else (Kind.CONSTANT,)), kind
    assert cells.keys() >= {*counted.luts, *counted.carries, *counted.muxes}


VERILOG = """
module top(input clk, input [15:0] i, output [8:0] sum, output parity);
  reg [15:0] a;
  reg [8:0] s;
  reg p;
  wire [8:0] total = a[7:0] + a[15:8];
  always @(posedge clk) begin
    a <= i;
    s <= total;
    p <= ^total[6:3];
  end
  assign sum = s;
  assign parity = p;
endmodule
"""


@pytest.mark.slow
@pytest.mark.parametrize("family", CELLS)
def test_levels_of_a_design_that_yosys_made(family, tmp_path):
    """The sum is a carry chain, and the parity of 4 of its bits a look-up table behind it."""
    made = synthesize(VERILOG, "top", family=FAMILIES[family], dsp=False, store=tmp_path)
    text = json.loads(made.path.read_text())
    found = longest_chains(read_nets(text, family))
    assert re.fullmatch(
        r"a\[\d+\] -> (LUT2 -> )?\d x (CCU2C?|CARRY4|ALU)( \(.*\))? -> LUT4 -> p", str(found.registers)
    )
    assert found.registers.levels == 2
    assert (found.inputs.levels, found.outputs.levels, found.through) == (0, 0, None)
    sum_only = longest_chains(read_nets(_without_parity(text), family)).registers
    assert (sum_only.levels, sum_only.end[:2]) == (1, "s[")
    _check_pins(text, family)


def _without_parity(text):
    """The netlist without the register that ends the parity."""
    top = text["modules"]["top"]
    net = top["netnames"]["p"]["bits"]
    top["cells"] = {n: c for n, c in top["cells"].items() if c["connections"].get("Q") != net}
    return text


def _check_pins(text, family):
    """Every pattern of the tables stands for pins of the vendor's library, of the right direction."""
    library = {kind: text["modules"][kind] for kind in CELLS[family]}
    for rule in {id(rule): rule for rule in CELLS[family].values()}.values():
        pins = {"input": set(), "output": set()}
        for kind in (kind for kind, r in CELLS[family].items() if r is rule):
            for name, port in library[kind]["ports"].items():
                width = len(port["bits"])
                pins[port["direction"]] |= {name} if width == 1 else {f"{name}[{i}]" for i in range(width)}
        inputs = [path.inputs for path in rule.paths] + [wire.pins for wire in rule.fixed]
        inputs += [pattern for pattern in (rule.clock, rule.reset, rule.enable, rule.address) if pattern]
        outputs = [path.outputs for path in rule.paths]
        assert not [p for p in inputs if not any(matches(p, pin) for pin in pins["input"])], rule
        assert not [p for p in outputs if not any(matches(p, pin) for pin in pins["output"])], rule
