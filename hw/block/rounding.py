"""Stages of a quantizer that make elements of significands."""

from amaranth.hdl import Cat, Const, Mux

from golden.formats import MX9, ONE_PASS_FORMATS, PASS_MAGNITUDE_BITS, STREAM_FORMATS

__all__ = ["MAGNITUDE_BITS", "STEPS", "WINDOW_BITS", "aligned", "rounded"]

MAGNITUDE_BITS = MX9.magnitude_bits
"""Bits of the longest magnitude; a shorter one is aligned to its low end by a longer shift."""

WINDOW_BITS = MAGNITUDE_BITS + 1
"""Significand bits that a shift of 0 keeps: a magnitude and the guard bit."""

STEPS = (WINDOW_BITS - 1).bit_length()
"""Bits of a shift by less than the window."""


def aligned(pipe, fractions, stickies, shift, zero):
    """7 and 8: significands shifted right: magnitudes, guard bits, and sticky bits of what is lost."""
    # 7: all of the shift but its lowest bit. The sticky bit collects what the window loses.
    lanes = range(len(shift))
    windows, lost = [], []
    for distance, kept, gone in zip(shift, fractions, stickies, strict=True):
        window = Cat(kept, 1)
        for step in reversed(range(1, STEPS)):
            gone = gone | (distance[step] & window[: 1 << step].any())
            window = _shift_right(window, 1 << step, distance[step])
        windows.append(window)
        lost.append(gone)
    window = pipe.register(7, "window", windows)
    sticky = pipe.register(7, "sticky", lost)
    odd = pipe.register(7, "odd", [d[0] for d in shift])
    out = pipe.register(7, "out", [d[STEPS:].any() | z for d, z in zip(shift, zero, strict=True)])

    # 8: the lowest bit of the shift: magnitude and guard.
    sticky = pipe.register(8, "sticky", [sticky[k] | (odd[k] & window[k][0]) for k in lanes])
    window = [_shift_right(window[k], 1, odd[k]) & ~out[k].replicate(WINDOW_BITS) for k in lanes]
    guard = pipe.register(8, "guard", [w[0] for w in window])
    magnitude = pipe.register(8, "magnitude", [w[1:] for w in window])
    return magnitude, guard, sticky


def rounded(pipe, sign, magnitude, guard, sticky, is_, nan):
    """9 to 11: elements in two's complement by format, zero unless the block is of that format."""
    lanes = range(len(magnitude))
    # 9: half-way and above rounds up, unless the magnitude is the format's largest: all ones.
    half = pipe.register(9, "half", [guard[k] & (magnitude[k][0] | sticky[k]) for k in lanes])
    ones = pipe.register(9, "ones", [_ones(q, is_) for q in magnitude])
    more_ones = pipe.register(9, "more_ones", [~is_[MX9] | q[PASS_MAGNITUDE_BITS:].all() for q in magnitude])
    magnitude = pipe.register(9, "magnitude", magnitude)
    wanted = {fmt: pipe.register(9, f"wanted_{fmt}".lower(), is_[fmt] & ~nan) for fmt in STREAM_FORMATS}
    wanted = {fmt: pipe.flags(10, str(fmt).lower(), wanted[fmt]) for fmt in STREAM_FORMATS}

    # 10: k + u, or ~k + (1 - u) if negative: its lowest bit, and the carry out of that.
    up = [half[k] & ~(magnitude[k][0] & ones[k] & more_ones[k]) for k in lanes]
    low = pipe.register(10, "low", [magnitude[k][0] ^ up[k] for k in lanes])
    carry = pipe.register(10, "carry", [(magnitude[k][0] ^ sign[k]) & (up[k] ^ sign[k]) for k in lanes])
    rest = pipe.register(10, "rest", [q[1:] for q in magnitude])
    sign = pipe.register(10, "sign", sign)

    # 11: its other bits, once for each format.
    elements = []
    for k in lanes:
        upper = Cat(rest[k] ^ sign[k].replicate(len(rest[k])), sign[k])
        carries = [carry[k] & upper[:n].all() if n else carry[k] for n in range(len(upper))]
        elements.append(Cat(low[k], *(bit ^ c for bit, c in zip(upper, carries, strict=True))))
    return {
        fmt: pipe.register(11, str(fmt).lower(), [q[: fmt.element_bits] for q in elements], only=wanted[fmt])
        for fmt in STREAM_FORMATS
    }


def _ones(magnitude, is_):
    """Whether the bits of a magnitude but its lowest are ones; of MX9, those that other formats have, too."""
    ones, end = Const(1), PASS_MAGNITUDE_BITS
    shorter = [fmt for fmt in ONE_PASS_FORMATS if fmt.magnitude_bits < end]
    for fmt in sorted(shorter, key=lambda fmt: fmt.magnitude_bits, reverse=True):
        ones, end = is_[fmt] | (magnitude[fmt.magnitude_bits : end].all() & ones), fmt.magnitude_bits
    return magnitude[1:end].all() & ones


def _shift_right(value, places, enable):
    """``value >> places`` if ``enable``, else ``value``."""
    kept = len(value) - places
    # Zeros by AND: from a multiplexer Yosys makes resets, one for each lane.
    return Cat(Mux(enable, value[places:], value[:kept]), value[kept:] & ~enable.replicate(places))
