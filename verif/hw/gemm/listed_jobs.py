"""Jobs that are rung one by one, or as lists, and which features these lists have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from golden.engine import ENTRY_BYTES, Descriptor, Entry

__all__ = ["LIST_FEATURES", "LIST_ROOM", "Ring", "link", "list_features", "listed"]

LIST_ROOM = 64 * ENTRY_BYTES
"""Bytes at the end of memory in which lists lie."""

LIST_FEATURES = (
    "one job", "two jobs", "five jobs or more", "behind a list", "behind a job", "before a job",
    "links forwards", "links backwards", "last bytes of memory",
)  # fmt: skip


@dataclass(frozen=True)
class Ring:
    """What one doorbell queues: a job, or a list of them in memory.

    Parameters
    ----------
    descriptors:
        Its jobs.
    addresses:
        Of the list's entries; none for a job alone.
    contents:
        The list's bytes, by address.
    """

    descriptors: tuple[Descriptor, ...]
    addresses: tuple[int, ...] = ()
    contents: tuple[tuple[int, bytes], ...] = ()

    @property
    def is_list(self) -> bool:
        return bool(self.addresses)


def listed(
    rng: np.random.Generator, descriptors: Sequence[Descriptor], end: int, *, whole: bool = False
) -> list[Ring]:
    """The jobs in their order, some of them in lists, or all in one list if it is to be ``whole``.

    Entries lie anywhere in ``LIST_ROOM`` bytes of memory, which ends at address ``end``.
    """
    places = rng.permutation(LIST_ROOM // ENTRY_BYTES)
    rings: list[Ring] = []
    left = list(descriptors)
    if whole:
        return [_linked(descriptors, places, end)]
    share = rng.choice((0, 0.5, 1))
    while left:
        if rng.random() >= share:
            rings.append(Ring((left.pop(0),)))
            continue
        count = int(rng.choice((1, 2, len(left), rng.integers(1, len(left) + 1))))
        jobs, left = left[:count], left[count:]
        rings.append(_linked(jobs, places, end))
        places = places[len(jobs) :]
    return rings


def _linked(descriptors: Sequence[Descriptor], places: NDArray[np.intp], end: int) -> Ring:
    """A list whose entries take the first ones of these places in ``LIST_ROOM``."""
    start = end - LIST_ROOM
    taken = places[: len(descriptors)]
    return link(descriptors, [start + int(place) * ENTRY_BYTES for place in taken])


def link(descriptors: Sequence[Descriptor], addresses: Sequence[int], following: int = 0) -> Ring:
    """A list with entries at these addresses, the last of which leads to ``following``."""
    entries = [
        Entry(descriptor=descriptor, following=after).encode().tobytes()
        for descriptor, after in zip(descriptors, [*addresses[1:], following], strict=True)
    ]
    return Ring(tuple(descriptors), tuple(addresses), tuple(zip(addresses, entries, strict=True)))


def list_features(rings: Sequence[Ring], end: int) -> Iterator[str]:
    """Those of ``LIST_FEATURES`` that these have."""
    for n, ring in enumerate(rings):
        if not ring.is_list:
            continue
        count = len(ring.descriptors)
        if count < 3:
            yield ("one job", "two jobs")[count - 1]
        if count > 4:
            yield "five jobs or more"
        if n:
            yield "behind a list" if rings[n - 1].is_list else "behind a job"
        if n + 1 < len(rings) and not rings[n + 1].is_list:
            yield "before a job"
        for address, following in pairwise(ring.addresses):
            yield "links forwards" if following > address else "links backwards"
        if end - ENTRY_BYTES in ring.addresses:
            yield "last bytes of memory"
