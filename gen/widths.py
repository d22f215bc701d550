"""A check that no assignment of a design drops bits of its value unsaid."""

from collections.abc import Iterable, Iterator
from typing import Any

from amaranth.hdl import Const, Elaboratable, Fragment, Value
from amaranth.hdl._ast import Assign, Concat, Operator, Slice, Statement, Switch, SwitchValue

__all__ = ["TruncationError", "check_widths", "needed_bits"]


class TruncationError(ValueError):
    """Assignments drop bits of their values; the message says which, and how many, a line each."""

    exit_status = 1


def check_widths(*designs: Elaboratable) -> int:
    """The number of assignments in ``designs`` and in all within them; none drops bits of its value unsaid.

    Amaranth cuts a value that is wider than its target without a word. Here it must fit, but for what
    ``needed_bits`` does not count:

    - A sum or a difference may wrap around: neither carry nor sign of ``+`` and ``-`` counts. Counters,
      pointers and addresses are meant so, and a sum is a bit wider than its operands by nature.
    - All else counts with the bits that it can have: a constant by its value, a choice by the widest of its
      values. Where more bits than the target has are not wanted, or known to be zero, a slice says so:
      ``to.eq(value[: len(to)])``.

    Instances of shared modules are designs of their own: give them, too. Raises ``TruncationError``.
    """
    count = 0
    found: dict[str, None] = {}
    for design in designs:
        for assign in _assignments(Fragment.get(design, None)):
            count += 1
            bits = needed_bits(assign.rhs)
            if bits > len(assign.lhs):
                file, line = assign.src_loc
                # A view's assignment is noted in its library, so the target is named, too.
                found[f"{file}:{line}: {bits} bits into the {len(assign.lhs)} of {assign.lhs!r}"] = None
    if found:
        raise TruncationError("\n".join(["assignments drop bits of their values:", *found]))
    return count


def _assignments(fragment: Any) -> Iterator[Assign]:
    for statements in fragment.statements.values():
        yield from _within(statements)
    for inner, *_ in fragment.subfragments:
        yield from _assignments(inner)


def _within(statements: Iterable[Statement]) -> Iterator[Assign]:
    for statement in statements:
        if isinstance(statement, Assign):
            yield statement
        elif isinstance(statement, Switch):
            for _, body, *_ in statement.cases:
                yield from _within(body)


def needed_bits(value: Value) -> int:
    """Low bits of ``value`` that can differ from zero; carries and signs of sums aside."""
    match value:
        case Const():
            number = int(value.value)
            return number.bit_length() if number >= 0 else (~number).bit_length() + 1
        case SwitchValue():
            return max(needed_bits(choice) for _, choice in value.cases)
        case Slice() if not value.value.shape().signed:
            return max(0, min(int(value.stop), needed_bits(value.value)) - int(value.start))
        case Concat():
            end = bits = 0
            for part in value.parts:
                needed = len(part) if part.shape().signed else needed_bits(part)
                bits = end + needed if needed else bits
                end += len(part)
            return bits
        case Operator():
            return min(len(value), _operator_bits(value.operator, value.operands))
    return len(value)


def _operator_bits(operator: str, operands: tuple[Value, ...]) -> int:
    bits = [needed_bits(operand) for operand in operands]
    if operator in ("+", "-", "|", "^"):
        return max(bits)
    if operator == "&":
        masks = [n for n, operand in zip(bits, operands, strict=True) if not operand.shape().signed]
        return min(masks) if masks else max(bits)
    if operator == "*":
        factor = next((operand for operand in operands if isinstance(operand, Const)), None)
        if factor is not None and factor.value >= 0:
            other = bits[0] if operands[1] is factor else bits[1]
            return (int(factor.value) * ((1 << other) - 1)).bit_length()
        return sum(bits)
    if operator in ("<<", ">>") and isinstance(operands[1], Const):
        by = int(operands[1].value)
        return max(0, bits[0] + (by if operator == "<<" else -by))
    if operator == ">>":
        return bits[0]
    return max(len(operand) for operand in operands) if operator == "~" else _MANY


_MANY = 1 << 32
"""More bits than any value has: an operator without a rule of its own counts with its width."""
