"""What rewritten modules call: an expression, or one of its mutants where the switch has its number."""

import operator
import os
from collections.abc import Callable, Mapping
from functools import cache

from amaranth.hdl import Const, Mux, Signal, Value, ValueCastable

__all__ = [
    "CHANGES",
    "NUMBER",
    "PLACED",
    "SWITCH",
    "assign",
    "binary",
    "condition",
    "initial",
    "invert",
    "mux",
    "switch",
]

SWITCH = "mixdit_mutant"
"""Name of the switch: a signal that nothing drives. 0 is the design as it is."""

NUMBER = "MIXDIT_MUTANT"
"""Environment variable with the number of the mutant."""

PLACED: set[int] = set()
"""Mutants that are in a design; others are of what Python computes for it, such as a width."""

_OPERATORS: Mapping[str, Callable] = {
    name: getattr(operator, name)
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "and_", "or_", "xor")
}

CHANGES: Mapping[str, tuple[str, ...]] = {
    "eq": ("ne",),
    "ne": ("eq",),
    "lt": ("le", "ge"),
    "le": ("lt", "gt"),
    "gt": ("ge", "le"),
    "ge": ("gt", "lt"),
    "add": ("sub",),
    "sub": ("add",),
    "and_": ("or_",),
    "or_": ("and_",),
    "xor": ("or_",),
}
"""Operators, and what each becomes."""


@cache
def switch() -> Signal:
    """The switch; in a simulation by Amaranth it has the number that the environment gives."""
    return Signal(16, name=SWITCH, init=_number())


def _number():
    return int(os.environ.get(NUMBER, "0"))


def binary(op, mutants, left, right):
    """``left op right``. ``mutants``: number, and another operator or ``"constant"`` for ``right + 1``."""
    original = _OPERATORS[op](left, right)
    if not isinstance(original, Value):
        return original
    found = []
    for number, change in mutants:
        other, value = (op, right + 1) if change == "constant" else (change, right)
        found.append((number, _OPERATORS[other](left, value)))
    return _chosen(original, found)


def invert(mutants, value):
    """``~value``, or ``value``."""
    original = ~value
    return _chosen(original, [(n, value) for n, _ in mutants]) if isinstance(original, Value) else original


def initial(mutants, value):
    """An initial value, its lowest bit inverted where the switch has the mutant's number.

    A register cannot begin as a signal says, so this is in the design, and a simulation of it in a build of
    its own.
    """
    if not isinstance(value, int):
        return value
    PLACED.update(number for number, _ in mutants)
    return value ^ 1 if _number() in dict(mutants) else value


def mux(mutants, select, high, low):
    """``Mux(select, high, low)``, or its operands swapped."""
    return _chosen(Mux(select, high, low), [(n, Mux(select, low, high)) for n, _ in mutants])


def condition(mutants, value):
    """A condition; or one that always, or never, holds."""
    found = [(number, Const(int(change == "always"))) for number, change in mutants]
    return _chosen(Value.cast(value).bool(), found)


def assign(mutants, target, value):
    """``target.eq(value)``; or, of a register, its value kept, and of any other signal 0."""
    if not isinstance(target, Value | ValueCastable) or not isinstance(value, Value | ValueCastable | int):
        return target.eq(value)  # of an interface
    held = [(n, Value.cast(target) if change == "held" else Const(0)) for n, change in mutants]
    # Not as wide as the value: all bits of a register that a constant resets keep theirs.
    return target.eq(_either(Value.cast(value), held))


def _chosen(original, mutants):
    """The original, or the mutant that the switch names; as wide as the original."""
    shape = original.shape()
    if not shape.width:
        return original
    result = _either(original, mutants)[: shape.width]
    return result.as_signed() if shape.signed else result


def _either(original, mutants):
    """The same, as wide as the widest of them."""
    PLACED.update(number for number, _ in mutants)
    result = original
    for number, mutant in mutants:
        result = Mux(switch() == number, mutant, result)
    return result
