"""A wide multiplexer, a tree of choices between two values."""

from amaranth.hdl import Module, Signal, Value

from hw.target.targets import TARGETS, check_target

__all__ = ["multiplexer"]


def multiplexer(m: Module, name, index, choices, *, target="generic"):
    """``choices[index]`` as a new signal ``name``; an ``index`` beyond the choices gives any value.

    Combinational.
    """
    check_target(target)
    choose = TARGETS[target].choose
    index = Value.cast(index)
    choices = [Value.cast(choice) for choice in choices]
    level = 0
    while len(choices) > 1:
        choices += choices[-1:] * (len(choices) % 2)
        choices = [
            choose(m, f"{name}_{level}_{n}", level, index[level], choices[2 * n + 1], choices[2 * n])
            for n in range(len(choices) // 2)
        ]
        level += 1
    result = Signal(len(choices[0]), name=name)
    m.d.comb += result.eq(choices[0])
    return result
