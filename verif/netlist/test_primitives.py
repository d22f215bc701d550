"""Primitives in cells against their behavioural twins, for every input; and mutations of both."""

from dataclasses import replace
from functools import partial
from itertools import product

import pytest
from amaranth.hdl import Module

from hw.target import ecp5, xilinx
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.targets import TARGETS
from mixdit.sim.design import Design
from verif.netlist.cell_miters import IN_CELLS, carry_sums, flip_table, multiplexers
from verif.netlist.miters import CarrySumMiter
from verif.netlist.models import with_models
from verif.netlist.multiplier_forms import MultiplierForms
from verif.netlist.proof import proven


@pytest.mark.netlist
@pytest.mark.parametrize("target", IN_CELLS)
def test_carry_sum_equals_its_twin(target):
    miters = carry_sums(target)
    assert proven(miters, TARGETS[target].family) == miters.keys()


@pytest.mark.netlist
def test_multiplexer_equals_its_twin():
    miters = multiplexers("ecp5")
    assert proven(miters, "ecp5") == miters.keys()


def mutants(op, target, attribute, bits, flip):
    """A miter for each of ``bits``, which ``flip`` flips in the value of ``attribute``."""
    return {
        name: CarrySumMiter(op, target, 2, (2, 2, 2, 2), change=(attribute, partial(flip, bit=bit)))
        for bit, name in zip(bits, names(op, attribute, bits), strict=True)
    }


def names(op, attribute, bits):
    return [f"{op.name.lower()}_{attribute.strip('_').lower()}_{bit}" for bit in bits]


def flip_constant(value, bit):
    return value ^ 1 << bit


@pytest.mark.netlist
def test_every_bit_of_an_ecp5_table_counts():
    bits = range(16)
    miters = {}
    for op in IN_CELLS["ecp5"]:
        miters |= mutants(op, "ecp5", "table", bits, flip_table)
    # The half cell that brings the carry in has C = 1, B = D = 0; it hands on the table's value for C = 0.
    miters |= mutants(CarryOp.AND_AND, "ecp5", "_CARRY_IN", bits, flip_constant)
    unused = set(bits) - {0b0000, 0b0001, 0b0100, 0b0101}
    assert proven(miters, "ecp5") == set(names(CarryOp.AND_AND, "_CARRY_IN", unused))


@pytest.mark.netlist
def test_every_bit_of_a_xilinx_table_counts():
    # No operation in cells has a fifth input.
    bits = [n for n in range(64) if not n & 0b10000]
    miters, same = {}, set()
    for op in IN_CELLS["xilinx"]:
        miters |= mutants(op, "xilinx", "table", bits, flip_table)
        init = xilinx.table(op.terms)
        # Where a bit propagates, its addend goes nowhere.
        same.update(names(op, "table", [n for n in bits if n < 32 and init >> 32 + n & 1]))
    assert proven(miters, "xilinx") == same


@pytest.mark.netlist
def test_multiplier_equals_its_twin_and_no_mutation_does(bench):
    design = Design.of(MultiplierForms(), "mx_multiplier_forms")
    design = replace(design, verilog=with_models(design.verilog, "xilinx", ["DSP48E2"]))
    bench(design, "mx_multiplier_forms", "verif.netlist.multiplier_bench")


@pytest.mark.parametrize("op", CarryOp)
def test_terms_are_what_the_operation_says(op):
    """The table behind twins and cells against the formula: both would be wrong alike."""
    sides = op.value.replace("b ? c : d", "c if b else d").replace("~b", "(1 ^ b)").split(" + ")
    for values in product((0, 1), repeat=5):
        inputs = dict(zip("abcde", values, strict=True))
        terms = [term & 1 for term in op.terms(*values)]
        assert terms == [eval(side, {}, inputs) for side in sides], inputs


@pytest.mark.parametrize(
    "terms",
    [
        lambda a, b, c, d: (a & c, d),
        lambda a, b, c, d: (a, 1 ^ c),
    ],
    ids=["left on c", "right not 0"],
)
def test_ecp5_table_refuses_terms_that_no_cell_adds(terms):
    with pytest.raises(ValueError, match="no carry cell adds these terms"):
        ecp5.table(terms)


def test_adders_of_four_inputs_refuse_a_fifth():
    with pytest.raises(ValueError, match=r"op must have at most 4 inputs, as adders of ecp5 have, not 'a \+"):
        carry_sum(Module(), "sum", CarryOp.PASS_SELECT_XOR, 2, a=0, c=0, target="ecp5")
