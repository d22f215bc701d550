"""Sizes inside an engine, from the parameters that it is built with."""

from dataclasses import dataclass

from golden.engine import MOST_SPLIT, EngineParameters
from golden.formats import BLOCK_SIZE, MX9, STREAM_FORMATS

__all__ = ["Geometry", "banks_of"]


def banks_of(beat_bytes: int) -> int:
    """Most blocks that start in a beat."""
    return beat_bytes // min(fmt.block_bytes for fmt in STREAM_FORMATS)


MOST_STRIDE = MOST_SPLIT.bit_length() - 1
"""Slots are divided by up to two to the power of this for short K."""


@dataclass(frozen=True)
class Geometry:
    """Sizes derived from ``parameters``; raises ``ValueError`` for those that hardware cannot have."""

    parameters: EngineParameters

    def __post_init__(self):
        if self.parameters.k_blocks % 2:
            raise ValueError(
                "k_blocks must be even, so that no chunk ends within an MXINT8 block, "
                f"not {self.parameters.k_blocks!r}"
            )

    @property
    def a_lanes(self):
        """Rows of A in a tile, all arrays together."""
        return self.parameters.rows * self.parameters.arrays

    @property
    def b_lanes(self):
        """Rows of B in a tile."""
        return self.parameters.cols

    @property
    def lanes(self):
        """Rows of A and of B in a tile."""
        return (self.a_lanes, self.b_lanes)

    @property
    def b_tiles(self):
        """Tiles of B side by side that make a block of D."""
        return BLOCK_SIZE // self.parameters.cols

    @property
    def tiles(self):
        """Tiles of either operand (of B: 16 columns) that stay on chip; one at least is read meanwhile."""
        return max(2, self.parameters.stationary_tiles)

    @property
    def slots(self):
        """Slots of the buffers of A and of B, for tiles of more than half of ``k_blocks``.

        One tile more than ``tiles`` is read ahead, while those before it are multiplied.
        """
        return (self.tiles + 1, (self.tiles + 1) * self.b_tiles)

    @property
    def most_slots(self):
        """Most slots of A and of B, where K is short."""
        return tuple(slots << MOST_STRIDE for slots in self.slots)

    @property
    def depth(self):
        """Addresses of a lane, in the buffers of A and of B."""
        return tuple(slots * self.k_blocks for slots in self.slots)

    @property
    def functions(self):
        """Whether results can go through functions, and be scaled and gated."""
        return self.parameters.function_lanes > 0

    @property
    def normalizes(self):
        """Whether rows can be normalized."""
        return self.parameters.function_lanes > 0 and self.parameters.reorder_columns > 0

    @property
    def most_group(self):
        """Most tiles of the stationary operand in a group."""
        return self.tiles << MOST_STRIDE

    @property
    def partial_slots(self):
        """Tiles of D that can be between two chunks: more than one chunk halves the group at least."""
        return max(2, self.tiles // 2)

    @property
    def k_blocks(self):
        """Most k-blocks of a chunk."""
        return self.parameters.k_blocks

    @property
    def beat_bytes(self):
        """Bytes of a beat of memory."""
        return self.parameters.data_bits // 8

    @property
    def banks(self):
        """Blocks that an operand buffer takes per cycle."""
        return banks_of(self.beat_bytes)

    @property
    def most_bytes(self):
        """Longest read: a chunk of a row."""
        return self.k_blocks * MX9.block_bytes

    @property
    def address_bits(self):
        """Width of addresses in memory."""
        return self.parameters.address_bits

    @property
    def data_bits(self):
        """Width of the memory port."""
        return self.parameters.data_bits
