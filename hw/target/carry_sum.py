"""The one adder of the array: a carry chain whose every bit adds two small functions of its inputs."""

from itertools import product

from amaranth.hdl import Cat, Module, Signal, Value

from hw.target.carry_op import CarryOp
from hw.target.targets import TARGETS, check_target

__all__ = ["CarryOp", "carry_sum"]


def carry_sum(m: Module, name, op: CarryOp, width, *, a, c, b=0, d=0, e=0, carry=0, target="generic"):
    """``width`` bits of the sum that ``op`` names plus ``carry``, as a new signal ``name``.

    Combinational. ``a`` and ``c`` are sign- or zero-extended to ``width`` bits by their own shape;
    a one-bit ``b``, ``d`` or ``e`` applies to every bit of the chain, a wider one bit by bit.

    Raises
    ------
    ValueError
        ``target`` is not one of ``TARGETS``, or its adders have fewer inputs than ``op``.
    """
    check_target(target)
    form = TARGETS[target]
    if op.inputs > form.adder_inputs:
        raise ValueError(
            f"op must have at most {form.adder_inputs} inputs, as adders of {target} have, not {op.value!r}"
        )
    inputs = [_to_width(x, width, spread) for x, spread in ((a, 0), (b, 1), (c, 0), (d, 1), (e, 1))]
    active = _active_bits(op, width, a, c, {1: b, 3: d, 4: e})
    result = Signal(width, name=name)
    m.d.comb += result.eq(form.carry_chain(m, name, op, inputs, carry, active=active))
    return result


def _active_bits(op, width, a, c, others):
    """Number of bits, from the lowest, above which both addends are 0 whatever the inputs are.

    ``others`` are the inputs besides ``a`` and ``c`` by their places; those that change nothing where
    ``a`` and ``c`` are 0 do not count.
    """
    lengths = [width if value.shape().signed else len(value) for value in map(Value.cast, (a, c))]
    rows = [row for row in product((0, 1), repeat=5) if not row[0] | row[2]]
    for place, value in others.items():
        if any(op.terms(*row) != op.terms(*row[:place], 1 - row[place], *row[place + 1 :]) for row in rows):
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
