"""Carry chains of AMD cells, the vendor form of ``hw.target.carry_sum``.

A bit of a chain is a LUT6_2, whose O6 output is the propagate bit and whose O5 output, of the same five
inputs, is one of the two addends, and a bit of a CARRY8 (UltraScale Architecture Configurable Logic
Block User Guide, UG574) or of a CARRY4 (the same of the 7 series, UG474). Written as expressions, the
addend would take a look-up table of its own.
"""

from amaranth.hdl import Cat, Const, Instance, Module, Signal

__all__ = ["carry_chain", "table"]

_CARRY_BITS = {"CARRY8": 8, "CARRY4": 4}


def table(terms):
    """The 64-bit table of a bit that adds ``left, right = terms(a, b, c, d, e)``: O5 is left, O6 the xor."""
    init = 0
    for index in range(32):
        left, right = (value & 1 for value in terms(*(index >> bit & 1 for bit in range(5))))
        init |= left << index | (left ^ right) << index + 32
    return init


def carry_chain(m: Module, name, terms, inputs, carry, *, cell, active):
    """The sum of ``terms`` bit by bit plus ``carry``; ``inputs`` are a to e, all of the sum's width.

    ``cell`` is CARRY8 or CARRY4. Bits from ``active`` up, whose addends are 0, only bring the carry out.
    """
    width = len(inputs[0])
    size = _CARRY_BITS[cell]
    cells = -(-width // size)
    init = table(terms)
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
