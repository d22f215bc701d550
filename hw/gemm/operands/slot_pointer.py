"""Walking around the slots of an operand buffer."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data

__all__ = ["next_slot", "slot_layout"]


def slot_layout(*, slots, depth) -> data.StructLayout:
    """A slot: its number, and the address of its first block in every lane."""
    return data.StructLayout({"index": range(slots), "address": range(depth)})


def next_slot(m: Module, name, slot, *, slots, pitch):
    """The slot ``pitch`` addresses behind ``slot``, and the first one behind the last of ``slots``."""
    after = Signal(slot.shape(), name=name)
    last = Signal(name=f"{name}_wraps")
    m.d.comb += [
        last.eq(slot.index == slots - 1),
        after.index.eq(Mux(last, 0, slot.index + 1)),
        after.address.eq(Mux(last, 0, slot.address + pitch)),
    ]
    return after
