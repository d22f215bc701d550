"""A wide multiplexer, on ECP5 with the slices' own multiplexers behind the look-up tables."""

from amaranth.hdl import Const, Instance, Module, Mux, Signal, Value

from hw.target.carry_sum import check_target

__all__ = ["multiplexer"]

_SECOND = 0xCACA
"""Table of a LUT4 that gives C ? B : A."""


def multiplexer(m: Module, name, index, choices, *, target="generic"):
    """``choices[index]`` as a new signal ``name``; an ``index`` beyond the choices gives any value.

    Combinational. On ECP5 a LUT4 takes two choices, and PFUMX and L6MUX21 choose between the outputs
    of two and four of them without further LUTs. Yosys infers these only where their LUTs have common
    inputs, and takes three or four LUT4 for four choices (FPGA-DS-02012, slice in logic mode).
    """
    check_target(target)
    index = Value.cast(index)
    choices = [Value.cast(choice) for choice in choices]
    level = 0
    while len(choices) > 1:
        choices += choices[-1:] * (len(choices) % 2)
        choices = [
            _choose(m, f"{name}_{level}_{n}", level, index[level], choices[2 * n + 1], choices[2 * n], target)
            for n in range(len(choices) // 2)
        ]
        level += 1
    result = Signal(len(choices[0]), name=name)
    m.d.comb += result.eq(choices[0])
    return result


def _choose(m, name, level, select, second, first, target):
    """``second`` if ``select``, else ``first``, by the cell that a slice has for this level."""
    if target != "ecp5" or level >= len(_CELLS) or second is first:
        return Mux(select, second, first)
    result = Signal(len(first), name=name)
    for bit in range(len(first)):
        m.submodules[f"{name}_{bit}"] = _CELLS[level](select, second[bit], first[bit], result[bit])
    return result


_CELLS = (
    lambda select, second, first, z: Instance(
        "LUT4", p_INIT=Const(_SECOND, 16), i_A=first, i_B=second, i_C=select, i_D=Const(0, 1), o_Z=z
    ),
    lambda select, second, first, z: Instance("PFUMX", i_ALUT=second, i_BLUT=first, i_C0=select, o_Z=z),
    lambda select, second, first, z: Instance("L6MUX21", i_D1=second, i_D0=first, i_SD=select, o_Z=z),
)
"""The cells of an ECP5 slice that choose between two inputs, by level."""
