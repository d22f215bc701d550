"""The one adder of the array: a carry chain whose every bit adds two small functions of its inputs."""

import enum
from itertools import product

from amaranth.hdl import Cat, Module, Signal, Value

from hw.target.carry_chain_ecp5 import carry_chain as ecp5_chain
from hw.target.carry_chain_xilinx import carry_chain as xilinx_chain
from hw.target.targets import TARGETS, check_target

__all__ = ["TARGETS", "CarryOp", "carry_sum", "check_target"]


class CarryOp(enum.Enum):
    """What a chain adds, bit by bit, before the carry comes in; a to e are the inputs of a bit."""

    AND_AND = "(a & b) + (c & d)"
    PASS_XOR = "a + (c ^ d)"
    XOR_XOR = "(a ^ b) + (c ^ d)"
    PASS_SELECT = "a + (b ? c : d)"
    PASS_SELECT_XOR = "a + ((b ? c : d) ^ e)"
    CLEAR_XOR = "(a & ~b) + (c ^ d)"


_TERMS = {
    CarryOp.AND_AND: lambda a, b, c, d, e=0: (a & b, c & d),
    CarryOp.PASS_XOR: lambda a, b, c, d, e=0: (a, c ^ d),
    CarryOp.XOR_XOR: lambda a, b, c, d, e=0: (a ^ b, c ^ d),
    CarryOp.PASS_SELECT: lambda a, b, c, d, e=0: (a, (b & c) | (~b & d)),
    CarryOp.PASS_SELECT_XOR: lambda a, b, c, d, e: (a, ((b & c) | (~b & d)) ^ e),
    CarryOp.CLEAR_XOR: lambda a, b, c, d, e=0: (a & ~b, c ^ d),
}

_COMPUTED_ADDEND = (CarryOp.AND_AND, CarryOp.XOR_XOR, CarryOp.CLEAR_XOR)
"""Operations neither of whose addends is an input as it comes."""


def carry_sum(m: Module, name, op: CarryOp, width, *, a, c, b=0, d=0, e=0, carry=0, target="generic"):
    """``width`` bits of the sum that ``op`` names plus ``carry``, as a new signal ``name``.

    Combinational. ``a`` and ``c`` are sign- or zero-extended to ``width`` bits by their own shape;
    a one-bit ``b``, ``d`` or ``e`` applies to every bit of the chain, a wider one bit by bit.

    Raises
    ------
    ValueError
        ``target`` is not one of ``TARGETS``, or has no cell that does ``op``.
    """
    check_target(target)
    inputs = [_to_width(x, width, spread) for x, spread in ((a, 0), (b, 1), (c, 0), (d, 1), (e, 1))]
    result = Signal(width, name=name)
    cell = TARGETS[target].carry
    if cell == "CCU2C":
        m.d.comb += result.eq(ecp5_chain(m, name, _TERMS[op], *inputs[:4], carry))
    elif cell and op in _COMPUTED_ADDEND:
        active = _active_bits(_TERMS[op], width, a, c, {1: b, 3: d, 4: e})
        m.d.comb += result.eq(xilinx_chain(m, name, _TERMS[op], inputs, carry, cell=cell, active=active))
    else:
        left, right = _TERMS[op](*inputs)
        m.d.comb += result.eq(left + right + carry)
    return result


def _active_bits(terms, width, a, c, others):
    """Number of bits, from the lowest, above which both of ``terms`` are 0 whatever the inputs are.

    ``others`` are the inputs besides ``a`` and ``c`` by their places; those that change nothing where
    ``a`` and ``c`` are 0 do not count.
    """
    lengths = [width if value.shape().signed else len(value) for value in map(Value.cast, (a, c))]
    rows = [row for row in product((0, 1), repeat=5) if not row[0] | row[2]]
    for place, value in others.items():
        if any(terms(*row) != terms(*row[:place], 1 - row[place], *row[place + 1 :]) for row in rows):
            value = Value.cast(value)
            lengths.append(width if len(value) == 1 or value.shape().signed else len(value))
    return min(width, max(lengths))


def _to_width(value, width, spread):
    value = Value.cast(value)
    if spread and len(value) == 1:
        return value.replicate(width)
    if len(value) >= width:
        return value[:width]
    fill = value[-1] if value.shape().signed else 0
    return Cat(value, *[fill] * (width - len(value)))
