"""Where an operand's next tile is, and how the tile loop goes on from there."""

from dataclasses import dataclass

from amaranth.hdl import Mux, Value

__all__ = ["TilePlace", "TileSteps"]


@dataclass(frozen=True)
class TileSteps:
    """What becomes in this cycle of where an operand's next tile is.

    Parameters
    ----------
    moves:
        It goes on, to the tile behind it.
    back:
        But it goes back to the kept one.
    keep:
        Keep the one gone on to, as the first of the group or of V's tiles.
    """

    moves: Value
    back: Value
    keep: Value

    def take(self, m, current, first, following):
        """Registers ``current`` and ``first``, the kept one, with ``following`` behind ``current``."""
        with m.If(self.moves):
            m.d.sync += Value.cast(current).eq(Mux(self.back, first, following))
        with m.If(self.keep):
            m.d.sync += first.eq(following)


@dataclass(frozen=True)
class TilePlace:
    """Where the next tile of an operand is.

    Parameters
    ----------
    at, left:
        Address of D's row for A, number of the column for B; matrix rows from there on.
    ends, block_ends, first_ends:
        Whether no tile follows; whether no other 16 columns do, or for A no tile; whether none does in V's
        loop, behind the first tile of its 16 columns.
    """

    at: Value
    left: Value
    ends: Value
    block_ends: Value
    first_ends: Value
