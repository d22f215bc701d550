"""Primitives in cells of AMD (Xilinx).

Carry chains: a bit is a LUT6_2, whose O6 output is the propagate bit and whose O5 output, of the same five
inputs, is one of the two addends, and a bit of a CARRY8 (UltraScale Architecture Configurable Logic
Block User Guide, UG574) or of a CARRY4 (the same of the 7 series, UG474). Written as expressions, the
addend would take a look-up table of its own; where it is an input as it comes, synthesis finds all this by
itself.

Multipliers: the pre-adder of a DSP48E2 adds A to D, which carry the same value, or D alone where INMODE gates
A off: so it doubles. The adder behind the multiplier takes the product, C through its W multiplexer, and the
cascade through Z (UltraScale Architecture DSP Slice User Guide, UG579, chapter 2).
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal

from hw.target import generic

__all__ = ["carry_chain", "multiply_add", "table"]

_CARRY_BITS = {"CARRY8": 8, "CARRY4": 4}


def table(terms):
    """The 64-bit table of a bit that adds ``left, right = terms(a, b, c, d, e)``: O5 is left, O6 the xor."""
    init = 0
    for index in range(32):
        left, right = (value & 1 for value in terms(*(index >> bit & 1 for bit in range(5))))
        init |= left << index | (left ^ right) << index + 32
    return init


def carry_chain(m: Module, name, op, inputs, carry, *, active, cell):
    """As ``hw.target.carry_sum.carry_sum``, from inputs of the sum's width; ``cell`` is CARRY8 or CARRY4.

    Bits from ``active`` up, whose addends are 0, only bring the carry out.
    """
    if op.passes:
        return generic.carry_chain(m, name, op, inputs, carry, active=active)
    width = len(inputs[0])
    size = _CARRY_BITS[cell]
    cells = -(-width // size)
    init = table(op.terms)
    propagate, addend = (Signal(active, name=f"{name}_{kind}") for kind in ("propagate", "addend"))
    for bit in range(active):
        pins = {f"i_I{n}": value[bit] for n, value in enumerate(inputs)}
        m.submodules[f"{name}_lut_{bit}"] = Instance(
            "LUT6_2", p_INIT=Const(init, 64), **pins, i_I5=Const(1, 1), o_O6=propagate[bit], o_O5=addend[bit]
        )
    sums, carries = (Signal(cells * size, name=f"{name}_{kind}") for kind in ("sums", "carries"))
    select, data = (Cat(value, Const(0, len(sums) - active)) for value in (propagate, addend))
    for index in range(cells):
        bits = slice(index * size, (index + 1) * size)
        carry_in = carries[bits.start - 1] if index else carry
        m.submodules[f"{name}_carry_{index}"] = Instance(
            cell,
            **_carry_inputs(cell, carry_in, first=not index),
            i_S=select[bits],
            i_DI=data[bits],
            o_O=sums[bits],
            o_CO=carries[bits],
        )
    return sums[:width]


def _carry_inputs(cell, carry, *, first):
    """Where the carry comes in: from the cell below, or from logic into the first one."""
    if cell == "CARRY8":
        return {"p_CARRY_TYPE": "SINGLE_CY8", "i_CI": carry, "i_CI_TOP": Const(0, 1)}
    from_below, from_logic = (Const(0, 1), carry) if first else (carry, Const(0, 1))
    return {"i_CI": from_below, "i_CYINIT": from_logic}


_A_BITS, _B_BITS, _C_BITS, _D_BITS = 30, 18, 48, 27

_PRODUCT_AND_C = 0b11_000_01_01
"""OPMODE: W = C, Z = 0, X and Y = the product."""

_CASCADE = 0b001 << 4
"""OPMODE: Z = PCIN."""

_RESETS = ("A", "ALLCARRYIN", "ALUMODE", "B", "C", "CTRL", "D", "INMODE", "M", "P")


def multiply_add(m: Module, name, *, a, double, b, c, cascade, extra_cycles):
    """As ``hw.target.multiply_add.multiply_add``; extra cycles are input registers of A, B, D and INMODE."""
    p, cascade_out = (Signal(_C_BITS, name=f"{name}_{kind}") for kind in ("p", "cascade"))
    registers = {
        **dict.fromkeys(("AREG", "ACASCREG", "DREG", "INMODEREG"), extra_cycles),
        **dict.fromkeys(("BREG", "BCASCREG"), 1 + extra_cycles),
        **dict.fromkeys(("ADREG", "CREG", "MREG", "PREG"), 1),
        **dict.fromkeys(("ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "OPMODEREG"), 0),
    }
    enables = {
        "CEA2": extra_cycles,
        "CEB1": extra_cycles,
        "CED": extra_cycles,
        "CEINMODE": extra_cycles,
        **dict.fromkeys(("CEAD", "CEB2", "CEC", "CEM", "CEP"), 1),
        **dict.fromkeys(("CEA1", "CEALUMODE", "CECARRYIN", "CECTRL"), 0),
    }
    opmode = _PRODUCT_AND_C if cascade is None else _PRODUCT_AND_C | _CASCADE
    m.submodules[name] = Instance(
        "DSP48E2",
        **{f"p_{register}": depth for register, depth in registers.items()},
        p_AMULTSEL="AD",
        p_BMULTSEL="B",
        p_PREADDINSEL="A",
        p_USE_MULT="MULTIPLY",
        i_CLK=ClockSignal(),
        **{f"i_{enable}": Const(value, 1) for enable, value in enables.items()},
        **{f"i_RST{register}": Const(0, 1) for register in _RESETS},
        i_A=_extended(a, _A_BITS),
        i_D=_extended(a, _D_BITS),
        i_B=_extended(b, _B_BITS),
        i_C=c,
        i_INMODE=Cat(Const(0, 1), ~double, Const(0b001, 3)),
        i_OPMODE=Const(opmode, 9),
        i_ALUMODE=Const(0, 4),
        i_CARRYIN=Const(0, 1),
        i_CARRYINSEL=Const(0, 3),
        i_PCIN=Const(0, _C_BITS) if cascade is None else cascade,
        i_ACIN=Const(0, _A_BITS),
        i_BCIN=Const(0, _B_BITS),
        i_CARRYCASCIN=Const(0, 1),
        i_MULTSIGNIN=Const(0, 1),
        o_P=p,
        o_PCOUT=cascade_out,
    )
    return p, cascade_out


def _extended(value, width):
    """``value``, which is signed, with its sign in every bit up to ``width``."""
    return Cat(value, value[-1].replicate(width - len(value)))
