"""Which part of a block of A meets which of a block of B, and when the next tile may end."""

from amaranth.hdl import Module, Signal, Value

__all__ = ["PassPairs"]


class PassPairs:
    """The passes of a pair of blocks, B's parts inside A's, and the spacing of tiles.

    A pass per cycle from a tile's ``start`` to its last one, which keeps ``spacing`` cycles from the last
    pass of the tile before, because the drain takes that long; if need be, passes that add zero (``hold``) go
    ahead of it.

    Parameters
    ----------
    m:
        Module of the sequencer: gets the registers.
    a_two_passes, b_two_passes:
        Whether the block takes two.
    last:
        Whether the pair of blocks is the tile's last one.
    may_start:
        Whether the next tile can start.
    spacing:
        Least cycles between the last passes of two tiles, the rows of a drain segment.

    Attributes
    ----------
    first:
        No tile is under way.
    start, go, hold:
        A tile starts, a pass is issued, a pass that adds zero is.
    a_rest, b_rest:
        Which part it multiplies.
    block_end, tile_end:
        It is the last one of a pair of blocks, of a tile.
    """

    def __init__(self, m: Module, *, a_two_passes, b_two_passes, last, may_start, spacing):
        self.first = Signal(name="first", init=1)
        self.a_rest, self.b_rest, self.start, self.go, self.hold, self.block_end, self.tile_end = (
            Signal(name=name) for name in ("a_rest", "b_rest", "start", "go", "hold", "block_end", "tile_end")
        )
        a_end, b_end, ends, waiting, may_go = (
            Signal(name=name) for name in ("a_end", "b_end", "tile_ends", "waiting", "may_go")
        )
        m.d.comb += [
            a_end.eq(self.a_rest | ~Value.cast(a_two_passes)),
            b_end.eq(self.b_rest | ~Value.cast(b_two_passes)),
            ends.eq(a_end & b_end & last),
            may_go.eq(~self.first | may_start),
            self.hold.eq(ends & waiting),
            self.go.eq(may_go & ~self.hold),
            self.start.eq(self.first & self.go),
            self.block_end.eq(may_go & a_end & b_end & ~(last & waiting)),
            self.tile_end.eq(may_go & ends & ~waiting),
        ]
        with m.If(self.go):
            m.d.sync += [self.first.eq(self.tile_end), self.b_rest.eq(~b_end)]
            with m.If(b_end):
                m.d.sync += self.a_rest.eq(~a_end)
        if spacing > 1:
            wait = Signal(range(spacing))
            with m.If(self.tile_end):
                m.d.sync += [wait.eq(spacing - 1), waiting.eq(1)]
            with m.Elif(waiting):
                m.d.sync += [wait.eq(wait - 1), waiting.eq(wait != 1)]
