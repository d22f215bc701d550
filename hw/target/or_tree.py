"""The one word of many whose turn it is, through registers."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["or_tree", "or_tree_latency", "word_in_turn", "word_in_turn_latency"]

_INPUTS = 4
"""Inputs of a look-up table: so many words are joined between two registers."""


def or_tree(m: Module, name, words):
    """The OR of ``words``, all of one shape, in registers: ``or_tree_latency`` cycles later."""
    words = [Value.cast(word) for word in words]
    level = 0
    while len(words) > 1:
        joined = []
        for n in range(0, len(words), _INPUTS):
            node = Signal(len(words[n]), name=f"{name}_{level}_{len(joined)}", reset_less=True)
            group = words[n : n + _INPUTS]
            m.d.sync += node.eq(Cat(Cat(bits).any() for bits in zip(*group, strict=True)))
            joined.append(node)
        words = joined
        level += 1
    return words[0]


def or_tree_latency(count):
    """Cycles that ``count`` words take through ``or_tree``."""
    latency = 0
    while count > 1:
        count = -(-count // _INPUTS)
        latency += 1
    return latency


def word_in_turn(m: Module, name, words, closed):
    """``words[n]`` of the cycle in which ``closed[n]`` is 0, ``word_in_turn_latency`` cycles later.

    At most one of ``closed`` may be 0. A word that is not asked for is cleared in its own register, which
    needs no look-up table: what is left to choose is an OR.
    """
    opened = []
    for n, word in enumerate(words):
        register = Signal(len(Value.cast(word)), name=f"{name}_opened_{n}", reset_less=True)
        m.d.sync += register.eq(Mux(closed[n], 0, word))
        opened.append(register)
    return or_tree(m, name, opened)


def word_in_turn_latency(count):
    """Cycles that one of ``count`` words takes through ``word_in_turn``."""
    return 1 + or_tree_latency(count)
