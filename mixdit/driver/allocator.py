"""Memory that the engine and the host share, handed out in pieces."""


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
        start = -(-memory.start // alignment) * alignment
        self._alignment = alignment
        self._free = [(start, memory.stop)] if start < memory.stop else []
        self._sizes: dict[int, int] = {}

    @property
    def available(self) -> int:
        """Bytes not handed out."""
        return sum(stop - start for start, stop in self._free)

    def allocate(self, size: int) -> int:
        """Address of ``size`` bytes; raises ``MemoryError``."""
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size!r}")
        taken = -(-size // self._alignment) * self._alignment
        for n, (start, stop) in enumerate(self._free):
            if stop - start >= size:
                end = min(start + taken, stop)
                self._free[n : n + 1] = [(end, stop)] if end < stop else []
                self._sizes[start] = end - start
                return start
        raise MemoryError(f"no room for {size} bytes: {self.available} are free, not all in one piece")

    def free(self, address: int) -> None:
        """Take back what `allocate` gave; raises ``ValueError`` for anything else."""
        size = self._sizes.pop(address, None)
        if size is None:
            raise ValueError(f"address must come from allocate, not {address:#x}")
        merged: list[tuple[int, int]] = []
        for start, stop in sorted([*self._free, (address, address + size)]):
            if merged and merged[-1][1] == start:
                merged[-1] = (merged[-1][0], stop)
            else:
                merged.append((start, stop))
        self._free = merged
