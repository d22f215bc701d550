"""The DSP block of AMD UltraScale, the vendor form of ``hw.target.multiply_add``.

The pre-adder adds A to D, which carry the same value, or D alone where INMODE gates A off: so it doubles.
The adder behind the multiplier takes the product, C through its W multiplexer, and the cascade through Z
(UltraScale Architecture DSP Slice User Guide, UG579, chapter 2).
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal

__all__ = ["dsp48e2"]

_A_BITS, _B_BITS, _C_BITS, _D_BITS = 30, 18, 48, 27

_PRODUCT_AND_C = 0b11_000_01_01
"""OPMODE: W = C, Z = 0, X and Y = the product."""

_CASCADE = 0b001 << 4
"""OPMODE: Z = PCIN."""

_RESETS = ("A", "ALLCARRYIN", "ALUMODE", "B", "C", "CTRL", "D", "INMODE", "M", "P")


def dsp48e2(m: Module, name, *, a, double, b, c, cascade, input_registers):
    """As ``multiply_add``, by one DSP48E2; ``input_registers`` of A, B, D and INMODE."""
    p, cascade_out = (Signal(_C_BITS, name=f"{name}_{kind}") for kind in ("p", "cascade"))
    registers = {
        **dict.fromkeys(("AREG", "ACASCREG", "DREG", "INMODEREG"), input_registers),
        **dict.fromkeys(("BREG", "BCASCREG"), 1 + input_registers),
        **dict.fromkeys(("ADREG", "CREG", "MREG", "PREG"), 1),
        **dict.fromkeys(("ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "OPMODEREG"), 0),
    }
    enables = {
        "CEA2": input_registers,
        "CEB1": input_registers,
        "CED": input_registers,
        "CEINMODE": input_registers,
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
