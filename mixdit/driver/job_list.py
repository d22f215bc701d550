"""Lists of jobs in memory that the engine fetches by itself."""

from dataclasses import dataclass, field

from golden.engine import ENTRY_BYTES, Descriptor
from mixdit.driver.allocator import Piece


@dataclass(eq=False)
class JobList:
    """Jobs that are run together, as often as wanted: what `Gemm.recording` and `Gemm.store_list` give.

    Attributes
    ----------
    descriptors:
        The jobs, in their order.
    used:
        The memory that each job uses, as far as it is known.
    piece:
        Where the list lies; None while it is recorded, and if that was cut short.
    """

    descriptors: list[Descriptor] = field(default_factory=list)
    used: list[tuple[Piece, ...]] = field(default_factory=list)
    piece: Piece | None = None

    def __len__(self) -> int:
        return len(self.descriptors)

    @property
    def size(self) -> int:
        """Bytes of memory that it asks for, wherever they begin."""
        return ENTRY_BYTES * (len(self) + 1)

    @property
    def address(self) -> int:
        """Of its first entry."""
        assert self.piece is not None
        return -(-self.piece.address // ENTRY_BYTES) * ENTRY_BYTES
