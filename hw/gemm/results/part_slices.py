"""Parts of rows that go through fewer lanes than they have columns."""

from amaranth.hdl import Cat, Module, Mux, Signal

from hw.block.binary32 import BINARY32_BITS

__all__ = ["join_slices"]


def join_slices(m: Module, slices, *, lanes, number):
    """The last ``number`` slices of ``lanes`` binary32, which are a part once the last one is there.

    ``slices`` is a stream of packets, ``last`` the last slice of a part.
    """
    kept = []
    slice_in = Signal(range(max(2, number)))
    with m.If(slices.valid & slices.ready):
        m.d.sync += slice_in.eq(Mux(slices.p.last, 0, slice_in + 1))
    for n in range(number - 1):
        part = Signal(BINARY32_BITS * lanes, name=f"slice_{n}", reset_less=True)
        with m.If(slice_in == n):
            m.d.sync += part.eq(slices.p.data)
        kept.append(part)
    return Cat(*kept, slices.p.data)
