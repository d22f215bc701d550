"""Lists of jobs in memory: linked entries, each with a descriptor, that the engine fetches by itself.

An entry is 128 bytes at a multiple of 128, as 32 little-endian words::

    words from 0     the descriptor, in the order of ``DESCRIPTOR_REGISTERS``
    words to 29      0, for later versions
    words 30, 31     address of the next entry, low and high half; 0 ends the list

Entries are read ahead of the jobs before them: a job must not write into an entry behind its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.engine.descriptor import DESCRIPTOR_WORDS, Descriptor
from golden.engine.errors import ErrorCode
from golden.engine.job import JobResult, run_job
from golden.engine.parameters import EngineParameters

ENTRY_BYTES = 128
"""Bytes of an entry, and what its address is a multiple of."""

ENTRY_WORDS = ENTRY_BYTES // 4
"""32-bit words of an entry."""

NEXT_WORD = ENTRY_WORDS - 2
"""The word that holds the low half of the next entry's address; the high half follows."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job of a list.

    Parameters
    ----------
    descriptor:
        The job.
    following:
        Address of the next entry; 0 ends the list.
    reserved:
        The words between, which must be 0.
    """

    descriptor: Descriptor
    following: int = 0
    reserved: tuple[int, ...] = (0,) * (NEXT_WORD - DESCRIPTOR_WORDS)

    def encode(self) -> NDArray[np.uint8]:
        """Its bytes: uint8 ``[128]``; ``ValueError`` if a value does not fit."""
        if not 0 <= self.following < 1 << 64:
            raise ValueError(f"following must be 0 to {(1 << 64) - 1}, not {self.following!r}")
        link = (self.following & 0xFFFFFFFF, self.following >> 32)
        return np.array([*self.descriptor.words(), *self.reserved, *link], "<u4").view(np.uint8)

    @classmethod
    def decode(cls, data: NDArray[np.uint8]) -> "Entry":
        """The inverse of `encode`."""
        words = [int(word) for word in np.ascontiguousarray(data).view("<u4")]
        return cls(
            descriptor=Descriptor.from_words(words[:DESCRIPTOR_WORDS]),
            following=words[NEXT_WORD] | words[NEXT_WORD + 1] << 32,
            reserved=tuple(words[DESCRIPTOR_WORDS:NEXT_WORD]),
        )


@dataclass(frozen=True, kw_only=True)
class ListResult:
    """What an engine made of a list.

    Parameters
    ----------
    done:
        The jobs that are complete, in their order.
    code:
        Why the engine stopped; `ErrorCode.NONE` if it did not.
    address:
        What ERROR_ADDRESS says.
    out_of_range:
        Whether one of the jobs that are complete set ``range`` in INTERRUPT_STATUS.
    """

    done: tuple[Descriptor, ...]
    code: ErrorCode = ErrorCode.NONE
    address: int = 0
    out_of_range: bool = False


def encode_list(descriptors: Sequence[Descriptor], address: int, following: int = 0) -> NDArray[np.uint8]:
    """A list whose entries lie one behind the other from ``address`` on: uint8 ``[128 * jobs]``.

    The last entry leads to ``following``: 0 ends the list.
    """
    check_entry_address("address", address)
    links = [*range(address + ENTRY_BYTES, address + ENTRY_BYTES * len(descriptors), ENTRY_BYTES), following]
    return np.concatenate(
        [
            Entry(descriptor=descriptor, following=link).encode()
            for descriptor, link in zip(descriptors, links, strict=True)
        ]
    )


def check_entry_address(name: str, address: int) -> None:
    """Raise ``ValueError`` for an address at which no entry may lie."""
    if address < 0 or address % ENTRY_BYTES:
        raise ValueError(f"{name} must be a multiple of {ENTRY_BYTES} from 0 on, not {address!r}")


def decode_list(memory: NDArray[np.uint8], address: int, origin: int = 0) -> list[Entry]:
    """The entries of a list, up to the last one, or to one that was there before.

    Raises ``IndexError`` for an entry outside ``memory``, whose first byte has address ``origin``.
    """
    found: dict[int, Entry] = {}
    while address not in found and (address or not found):
        found[address] = _entry_at(memory, address, origin)
        address = found[address].following
    return list(found.values())


def run_list(
    memory: NDArray[np.uint8],
    address: int,
    parameters: EngineParameters,
    origin: int = 0,
    most: int | None = None,
) -> ListResult:
    """Run the jobs of a list on ``memory``, in place, one after the other, until one is refused.

    Parameters
    ----------
    memory:
        uint8 ``[size]``, the bytes from address ``origin`` on.
    address:
        Of the first entry; it may be 0.
    parameters:
        The engine that runs it.
    origin:
        Address of ``memory[0]``.
    most:
        Jobs after which to stop, for lists that link to themselves.

    Returns
    -------
    ListResult
        The jobs done, and the error that stopped the engine: `ErrorCode.LIST` with the address of an entry
        that is not aligned or beyond the addresses; `ErrorCode.RESERVED_BITS` if a word between is not 0;
        else what `golden.engine.run_job` says. An entry or a matrix outside ``memory`` is an
        `ErrorCode.READ_DECODE_ERROR`, of an entry with its address.
    """
    done: list[Descriptor] = []
    out_of_range = False

    def result(code: ErrorCode = ErrorCode.NONE, address: int = 0) -> ListResult:
        return ListResult(done=tuple(done), code=code, address=address, out_of_range=out_of_range)

    while most is None or len(done) < most:
        if address % ENTRY_BYTES or address >= 1 << parameters.address_bits:
            return result(ErrorCode.LIST, address)
        try:
            entry = _entry_at(memory, address, origin)
        except IndexError:
            return result(ErrorCode.READ_DECODE_ERROR, address)
        if any(entry.reserved):
            return result(ErrorCode.RESERVED_BITS)
        try:
            job = run_job(memory, entry.descriptor, parameters, origin)
        except IndexError:
            job = JobResult(code=ErrorCode.READ_DECODE_ERROR)
        if job.code:
            return result(job.code)
        out_of_range |= job.out_of_range
        done.append(entry.descriptor)
        if not (address := entry.following):
            break
    return result()


def _entry_at(memory: NDArray[np.uint8], address: int, origin: int) -> Entry:
    start = address - origin
    if start < 0 or start + ENTRY_BYTES > len(memory):
        raise IndexError(f"an entry at {address:#x} is outside memory")
    return Entry.decode(memory[start : start + ENTRY_BYTES])
