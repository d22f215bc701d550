"""The one multiplier of the array: a product of sums added to a cascade, in the shape of a DSP block."""

from amaranth.hdl import Module

from hw.target.generic import SUM_BITS
from hw.target.targets import TARGETS, check_target

__all__ = ["SUM_BITS", "check_multiplier", "multiply_add"]


def multiply_add(m: Module, name, *, a, double, b, c, cascade=None, extra_cycles=0, target="generic_dsp"):
    """``p = cascade + a * (double ? 2 : 1) * b + c``, modulo 2**48.

    Latency from ``a``, ``b`` and ``double`` is 3 + ``extra_cycles`` cycles, from ``c`` 2, from ``cascade``
    1; throughput one per cycle.

    Parameters
    ----------
    a, b:
        Signed, of up to 26 and 18 bits.
    c:
        48 bits.
    cascade:
        What the ``multiply_add`` before returned as such.
    extra_cycles:
        0 or 1.
    target:
        One of ``hw.target.targets.TARGETS`` that has a multiplier.

    Returns
    -------
    p:
        48 bits, for anything.
    cascade:
        The same, for the next ``multiply_add`` alone.

    Raises
    ------
    ValueError
        ``target`` is another one.
    """
    check_multiplier(target)
    return TARGETS[target].multiply_add(
        m, name, a=a, double=double, b=b, c=c, cascade=cascade, extra_cycles=extra_cycles
    )


def check_multiplier(target):
    """Raise ValueError unless ``target`` is one of ``TARGETS`` that has a multiplier."""
    check_target(target)
    if TARGETS[target].multiply_add is None:
        able = [name for name, form in TARGETS.items() if form.multiply_add]
        raise ValueError(f"target must have a multiplier, as {', '.join(able)} do, not be {target!r}")
