"""The one multiplier of the array: a product of sums added to a cascade, in the shape of a DSP block."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed

from hw.target.delay import delay
from hw.target.dsp48e2 import dsp48e2

__all__ = ["SUM_BITS", "multiply_add"]

SUM_BITS = 48


def multiply_add(m: Module, name, *, a, double, b, c, cascade=None, extra_cycles=0, cell="*"):
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
    cell:
        ``DSP48E2``, or ``*`` for the behavioural twin.

    Returns
    -------
    p:
        48 bits, for anything.
    cascade:
        The same, for the next ``multiply_add`` alone.
    """
    if cell == "DSP48E2":
        return dsp48e2(m, name, a=a, double=double, b=b, c=c, cascade=cascade, input_registers=extra_cycles)
    a, b = (delay(m, f"{name}_{port}", value, extra_cycles) for port, value in (("a", a), ("b", b)))
    double = delay(m, f"{name}_double", double, extra_cycles)
    factor = Signal(signed(len(a) + 1), name=f"{name}_factor", reset_less=True)
    other = Signal(signed(len(b)), name=f"{name}_other", reset_less=True)
    product = Signal(signed(len(factor) + len(other)), name=f"{name}_product", reset_less=True)
    late_c = Signal(SUM_BITS, name=f"{name}_c", reset_less=True)
    p = Signal(SUM_BITS, name=name, reset_less=True)
    m.d.sync += [
        factor.eq(Mux(double, Cat(0, a).as_signed(), a)),
        other.eq(b),
        product.eq(factor * other),
        late_c.eq(c),
        p.eq(product + late_c + (0 if cascade is None else cascade)),
    ]
    return p, p
