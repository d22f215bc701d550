"""Binary32 addition, stage by stage."""

from amaranth.hdl import Cat, Const, Mux
from amaranth.lib import data

from hw.block.binary32 import (
    BINARY32_BITS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)

__all__ = ["FLOAT_SUM_STAGES", "float_sum"]

FLOAT_SUM_STAGES = 14
"""Register stages of a sum, with the last one."""

_SIZE = BINARY32_BITS - 1
"""Bits of a binary32 without its sign, which order as its size does."""

_GUARDS = 2
"""Bits kept below the smaller significand, before the one that collects the rest."""

_BYTE = 8
_TOTAL = 4 * _BYTE
"""Bits of a sum, its lowest four always 0: carry, significand, guards, collected rest."""

_EXPONENT = 10
"""Bits of a signed exponent from -31 to 256."""


def float_sum(lane, x, y):
    """``x + y`` in binary32, ties to even, bit for bit ``golden.add_binary32``.

    The value of the last stage is returned, for a register that is the caller's.

    Subnormal operands and sums count as zeros of their sign. A NaN, and infinity minus infinity, give
    0x7FC00000.

    Parameters
    ----------
    lane:
        Registers of the other stages: ``register`` and ``carry`` as in ``hw.stream.stages.Stages``.
    x, y:
        Binary32 as bit patterns, before the first stage.
    """
    # 1: the addends, which may come out of wide multiplexers.
    x, y = lane.register(1, "x", x), lane.register(1, "y", y)

    # 2: which one is larger.
    swap = lane.register(2, "swap", x[:_SIZE] < y[:_SIZE])
    x, y = lane.register(2, "x", x), lane.register(2, "y", y)

    # 3: the larger and the smaller one.
    big = data.View(binary32_layout(), lane.register(3, "big", Mux(swap, y, x)))
    small = data.View(binary32_layout(), lane.register(3, "small", Mux(swap, x, y)))

    # 4: how far apart they are, significands, special values.
    distance = lane.register(4, "distance", (big.exponent - small.exponent)[:_BYTE])
    infinite = big.exponent == BINARY32_INFINITE
    opposite = big.sign ^ small.sign
    nan = infinite & (big.fraction.any() | (opposite & (small.exponent == BINARY32_INFINITE)))
    nan = lane.carry(4, 13, "nan", nan)
    infinite = lane.carry(4, 13, "infinite", infinite)
    sign = lane.carry(4, 11, "sign", big.sign)
    # What cancels is +0; the sum of two zeros of one sign has that sign.
    zero_sign = lane.carry(4, 11, "zero_sign", big.sign & small.sign)
    exponent = lane.carry(4, 10, "exponent", big.exponent)
    opposite = lane.carry(4, 6, "opposite", opposite)
    high = lane.carry(4, 6, "high", _significand(big))
    window = lane.register(4, "window", Cat(Const(0, _GUARDS), _significand(small)))

    # 5, 6: the smaller one moves right; ``lost`` collects what leaves the window.
    far = lane.carry(5, 6, "far", distance[5:].any())
    near = lane.register(5, "near", distance[:3])
    window, lost = _shift_right(window, Const(0, 1), {16: distance[4], 8: distance[3]})
    window, lost = lane.register(5, "window", window), lane.register(5, "lost", lost)
    window, lost = _shift_right(window, lost, {4: near[2], 2: near[1], 1: near[0]})
    window, lost = lane.register(6, "window", window), lane.register(6, "lost", lost)

    # 7: sum or difference.
    below = Cat(lost | (far & window.any()), window & ~far.replicate(len(window)))
    above = Cat(Const(0, _GUARDS + 1), high)
    total = (above + (below ^ opposite.replicate(len(below))) + opposite)[: len(above) + 1]
    total = Cat(total[:-1], total[-1] & ~opposite)
    total = lane.register(7, "total", Cat(Const(0, _TOTAL - len(total)), total))

    # 8 to 11: leading zeros leave, whole bytes first.
    full = [total[n : n + _BYTE].any() for n in range(0, _TOTAL, _BYTE)]
    skip = lane.register(8, "skip", _leading_zeros(full))
    total = lane.register(8, "total", total)
    total = lane.register(9, "total", _shift_left(total, skip, _BYTE))
    skip = lane.carry(9, 10, "skip", skip)
    few = lane.register(10, "few", _leading_zeros(list(total[-_BYTE:])))
    total = lane.register(10, "total", total)
    value = lane.register(11, "value", _shift_left(total, few, 1))
    biased = lane.register(11, "biased", (exponent + 1 - Cat(few, skip))[:_EXPONENT])

    # 12: whether to round up. 13: rounding.
    guard = _TOTAL - BINARY32_SIGNIFICAND - 1
    zero = ~value[-1]
    sign = lane.carry(12, 13, "sign", Mux(zero, zero_sign, sign))
    zero = lane.carry(12, 13, "zero", zero)
    up = lane.register(12, "up", value[guard] & (value[:guard].any() | value[guard + 1]))
    kept = lane.register(12, "kept", Cat(value[guard + 1 : -1], biased))
    rounded = lane.register(13, "rounded", (kept + up)[: len(kept)])

    # 14: special values.
    biased = rounded[BINARY32_FRACTION:].as_signed()
    small = zero | (biased <= 0)
    large = infinite | (biased >= BINARY32_INFINITE)
    size = Mux(large, BINARY32_INFINITE << BINARY32_FRACTION, Mux(small, 0, rounded[:_SIZE]))
    return Mux(nan, Const(BINARY32_NAN, BINARY32_BITS), Cat(size[:_SIZE], sign))


def _significand(number):
    """Its fraction with the leading one; 0 for zeros and subnormals."""
    normal = number.exponent.any()
    return Cat(number.fraction & normal.replicate(BINARY32_FRACTION), normal)


def _shift_right(window, lost, steps):
    """``window`` moved by the enabled ``steps``, and whether it or what was moved out before lost a one."""
    for step, enable in steps.items():
        lost = lost | (enable & window[:step].any())
        window = Mux(enable, window[step:], window)
    return window, lost


def _shift_left(value, times, step):
    """``value`` moved by ``times * step`` within its width."""
    for n, enable in enumerate(times):
        places = step << n
        value = Mux(enable, Cat(Const(0, places), value[:-places]), value)
    return value


def _leading_zeros(bits):
    """How many of ``bits``, lowest first and a power of two in number, are 0 above the highest 1.

    One less than their number where all are 0.
    """
    if len(bits) == 2:
        return ~bits[1]
    half = len(bits) // 2
    empty = ~Cat(bits[half:]).any()
    return Cat(Mux(empty, _leading_zeros(bits[:half]), _leading_zeros(bits[half:])), empty)
