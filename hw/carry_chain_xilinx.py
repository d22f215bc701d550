"""Carry chains of AMD UltraScale cells, the vendor form of ``hw.carry_sum``.

A bit of a chain is a LUT6_2, whose O6 output is the propagate bit and whose O5 output, of the same five
inputs, is one of the two addends, and a bit of a CARRY8 (UltraScale Architecture Configurable Logic
Block User Guide, UG574). Written as expressions, the addend would take a look-up table of its own.
"""

from amaranth.hdl import Cat, Const, Instance, Module, Signal

__all__ = ["carry_chain", "table"]

_CARRY_BITS = 8


def table(terms):
    """The 64-bit table of a bit that adds ``left, right = terms(a, b, c, d, e)``: O5 is left, O6 the xor."""
    init = 0
    for index in range(32):
        left, right = (value & 1 for value in terms(*(index >> bit & 1 for bit in range(5))))
        init |= left << index | (left ^ right) << index + 32
    return init


def carry_chain(m: Module, name, terms, inputs, carry, *, active):
    """The sum of ``terms`` bit by bit plus ``carry``; ``inputs`` are a to e, all of the sum's width.

    Bits from ``active`` up, whose addends are 0, only bring the carry out.
    """
    width = len(inputs[0])
    cells = -(-width // _CARRY_BITS)
    init = table(terms)
    propagate, addend = (Signal(active, name=f"{name}_{kind}") for kind in ("propagate", "addend"))
    for bit in range(active):
        pins = {f"i_I{n}": value[bit] for n, value in enumerate(inputs)}
        m.submodules[f"{name}_lut_{bit}"] = Instance(
            "LUT6_2", p_INIT=Const(init, 64), **pins, i_I5=Const(1, 1),
            o_O6=propagate[bit], o_O5=addend[bit])
    sums = Signal(cells * _CARRY_BITS, name=f"{name}_sums")
    carries = Signal(cells * _CARRY_BITS, name=f"{name}_carries")
    select, data = (Cat(value, Const(0, len(sums) - active)) for value in (propagate, addend))
    for cell in range(cells):
        bits = slice(cell * _CARRY_BITS, (cell + 1) * _CARRY_BITS)
        m.submodules[f"{name}_carry_{cell}"] = Instance(
            "CARRY8", p_CARRY_TYPE="SINGLE_CY8",
            i_CI=carries[bits.start - 1] if cell else carry, i_CI_TOP=Const(0, 1),
            i_S=select[bits], i_DI=data[bits], o_O=sums[bits], o_CO=carries[bits])
    return sums[:width]
