"""What a rounded number is, said of a result, without how it is made (``docs/number-formats.md``)."""

from amaranth.hdl import Mux, Signal, Value, signed

__all__ = ["is_rounded", "magnitude_of"]


def is_rounded(m, name, *, value, unit, result, most=None):
    """Whether ``result`` is ``value / unit``, not negative, to nearest with ties to even, at most ``most``.

    Said of the distance between them: less than half a unit, or half of one and even; or ``most``, where
    ``value`` is no less than half a unit above that. ``unit`` is a power of two, an integer.
    """
    half = unit // 2
    product = result * unit
    error = Signal(signed(max(len(value), len(product)) + 1), name=f"{name}_error")
    distance = Signal(len(error), name=f"{name}_distance")
    m.d.comb += [error.eq(value - product), distance.eq(Mux(error < 0, -error, error))]
    nearest = (distance < half) | ((distance == half) & ~Value.cast(result)[0]) if half else error == 0
    if most is None:
        return nearest
    return Mux(value >= most * unit + half, result == most, nearest & (result <= most))


def magnitude_of(m, name, value):
    """The magnitude of a signed value, in bits that also hold that of the least one."""
    size = Signal(len(value), name=f"{name}_size")
    m.d.comb += size.eq(Mux(value < 0, -value, value))
    return size
