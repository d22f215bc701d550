"""Operands as one wide multiplier takes them: both elements of a sub-block in a signed number."""

from amaranth.hdl import Cat, Const, Value, signed
from amaranth.lib import data

from golden.formats import PASS_MAGNITUDE_BITS

__all__ = [
    "FIELD_BITS",
    "pack_activation",
    "pack_weight",
    "packed_activation_layout",
    "packed_value",
    "packed_weight_layout",
]

FIELD_BITS = 13
"""Distance of the two elements: the weights' number then has the 18 bits that a DSP block multiplies."""

_ACTIVATION_BITS = PASS_MAGNITUDE_BITS + 2
_WEIGHT_BITS = PASS_MAGNITUDE_BITS + 1


def packed_activation_layout() -> data.StructLayout:
    """``low + high * 2**13``, the first element and the second, magnitudes as in ``activation_layout``.

    ``low`` is the first element, ``high`` the second, less 1 where the first is negative.
    """
    return _layout(_ACTIVATION_BITS)


def packed_weight_layout() -> data.StructLayout:
    """``low + high * 2**13``, the second element and the first, and the microexponent."""
    return data.StructLayout({**_layout(_WEIGHT_BITS).members, "microexponent": 1})


def pack_activation(subblock) -> Value:
    """A sub-block of ``activation_layout`` as ``packed_activation_layout``."""
    return Cat(_packed(_ACTIVATION_BITS, subblock, 0, 1))


def pack_weight(subblock) -> Value:
    """A sub-block of ``weight_layout`` as ``packed_weight_layout``."""
    return Cat(_packed(_WEIGHT_BITS, subblock, 1, 0), subblock.microexponent)


def packed_value(operand) -> Value:
    """The signed number that an operand in either packed layout stands for."""
    fill = operand.low[-1].replicate(FIELD_BITS - len(operand.low))
    return Cat(operand.low, fill, operand.high).as_signed()


def _layout(bits):
    return data.StructLayout({"low": signed(bits), "high": signed(bits)})


def _packed(bits, subblock, low, high):
    """Elements ``low`` and ``high`` of a sub-block, in ``bits`` each."""
    first = _signed(bits, subblock.magnitude[low], subblock.sign[low], subblock.sign[low])
    borrow = first[-1]
    second = _signed(bits, subblock.magnitude[high], subblock.sign[high], subblock.sign[high] ^ borrow)
    return Cat(first, second)


def _signed(bits, magnitude, negative, step):
    """``magnitude`` inverted if ``negative``, and if ``step`` incremented then, else decremented.

    Bit by bit: a carry chain would take twice the look-up tables.
    """
    padded = Cat(magnitude, Const(0, bits - len(magnitude)))
    return Cat(padded[i] ^ negative ^ (step & ~padded[:i].any()) for i in range(bits))
