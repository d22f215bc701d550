"""Fixed delays."""

from amaranth.hdl import Module, Signal, Value

__all__ = ["delay"]


def delay(m: Module, name, value, cycles, *, reset_less=True):
    """``value`` as it was ``cycles`` cycles ago, in registers named ``name_1``, ``name_2``...

    ``reset_less=False`` is for control signals, which must be 0 right after reset.
    """
    value = Value.cast(value)
    for cycle in range(cycles):
        late = Signal(value.shape(), name=f"{name}_{cycle + 1}", reset_less=reset_less)
        m.d.sync += late.eq(value)
        value = late
    return value
