"""Memory that the engine and the host share, handed out in pieces."""

from dataclasses import dataclass

from mixdit.driver import arguments


@dataclass(eq=False)
class Piece:
    """Memory that was handed out.

    Attributes
    ----------
    address, size:
        Its first byte, and how many were asked for.
    stop:
        Address behind its last byte.
    job:
        The last job that uses it; 0 for none.
    returned:
        Whether its user gave it back; the engine may still use it until ``job`` ends.
    """

    address: int
    size: int
    stop: int
    job: int = 0
    returned: bool = False


class Allocator:
    """First fit over a range of addresses.

    Parameters
    ----------
    memory:
        The addresses to hand out.
    alignment:
        Every piece starts at a multiple of this, in bytes.
    """

    def __init__(self, memory: range, alignment: int = 64) -> None:
        memory = arguments.addresses("memory", memory)
        self._alignment = arguments.integer("alignment", alignment, 1)
        start = -(-memory.start // self._alignment) * self._alignment
        self._free = [(start, memory.stop)] if start < memory.stop else []
        self._pieces: dict[int, Piece] = {}

    @property
    def available(self) -> int:
        """Bytes not handed out."""
        return sum(stop - start for start, stop in self._free)

    def holds(self, piece: Piece) -> bool:
        """Whether the piece was handed out here, and not taken back."""
        return self._pieces.get(piece.address) is piece

    def allocate(self, size: int) -> Piece:
        """A piece of ``size`` bytes; raises ``MemoryError``."""
        size = arguments.integer("size", size, 1)
        taken = -(-size // self._alignment) * self._alignment
        for n, (start, stop) in enumerate(self._free):
            if stop - start >= size:
                end = min(start + taken, stop)
                piece = self._pieces[start] = Piece(start, size, end)
                self._free[n : n + 1] = [(end, stop)] if end < stop else []
                return piece
        raise MemoryError(
            f"no room for {size} bytes: {self.available} are free,"
            f" {max((stop - start for start, stop in self._free), default=0)} of them in one piece"
        )

    def free(self, piece: Piece) -> None:
        """Take back what `allocate` gave; raises ``ValueError`` for anything else."""
        if not isinstance(piece, Piece):
            raise TypeError(f"piece must be what allocate gave, not {arguments.kind(piece)}")
        if not self.holds(piece):
            raise ValueError(f"piece must come from allocate, and not be free already: {piece}")
        merged: list[tuple[int, int]] = []
        for start, stop in sorted([*self._free, (piece.address, piece.stop)]):
            if merged and merged[-1][1] == start:
                merged[-1] = (merged[-1][0], stop)
            else:
                merged.append((start, stop))
        del self._pieces[piece.address]
        self._free = merged
