"""Registers and memory of the model of a device, accessed in any way."""

import struct
from collections.abc import Sequence
from random import Random

import numpy as np

from golden.engine import DESCRIPTOR_REGISTERS, REGISTERS, decode_list
from mixdit.driver import ModelPort, PortError
from verif.golden.engine_descriptors import ENGINE, EXPONENTIAL, NORM, PRODUCT, REORDER
from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Target

__all__ = ["REGISTER_ACCESSES"]

_ACCESS = struct.Struct("<BqQ")
"""Kind, offset or address, and value or size."""

_WRITE, _READ, _READ_MEMORY, _WRITE_MEMORY = range(4)
_SIZE = 1 << 14
_LIST_DOORBELL = REGISTERS["LIST_DOORBELL"].offset
_ENDS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 63) - 1)


def _valid() -> list[bytes]:
    """Descriptors, staged, and their doorbell."""
    found = []
    for job in (PRODUCT, REORDER, NORM, EXPONENTIAL):
        staged = zip(DESCRIPTOR_REGISTERS, job.words(), strict=True)
        accesses = [(_WRITE, register.offset, word) for register, word in staged]
        accesses += [(_WRITE, REGISTERS["DOORBELL"].offset, 1), (_READ, REGISTERS["STATUS"].offset, 0)]
        found.append(b"".join(_ACCESS.pack(*access) for access in accesses))
    return found


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    """A job with some accesses other than they were, and more between."""
    accesses = [*_ACCESS.iter_unpack(random.choice(valid))]
    for _ in range(random.randint(1, 4)):
        accesses.insert(random.randrange(len(accesses) + 1), _any_access(random))
    for _ in range(random.choice((0, 1, 2))):
        place = random.randrange(len(accesses))
        kind, offset, value = accesses[place]
        accesses[place] = (kind, offset, value ^ 1 << random.randrange(32))
    return b"".join(_ACCESS.pack(*access) for access in accesses)


def _any_access(random: Random) -> tuple[int, int, int]:
    kind = random.choice((_WRITE, _WRITE, _READ, _READ_MEMORY, _WRITE_MEMORY))
    if kind in (_WRITE, _READ) and random.random() < 0.8:
        offset = random.choice(list(REGISTERS.values())).offset
    else:
        offset = random.choice((-1, 0, 1, 3, 0x100, _SIZE - 1, _SIZE, 1 << 40, (1 << 63) - 1))
    value = random.choice((*_ENDS, random.getrandbits(32), random.getrandbits(7)))
    return kind, offset, value


def _read(data: bytes, room: Room) -> None:
    port = ModelPort(ENGINE, _SIZE, origin=0)
    for kind, place, value in _ACCESS.iter_unpack(data[: len(data) // _ACCESS.size * _ACCESS.size]):
        if kind == _WRITE and place == _LIST_DOORBELL and _is_endless(port):
            continue
        if kind == _WRITE:
            port.write32(place, value)
        elif kind == _READ:
            assert 0 <= port.read32(place) < 1 << 32
        elif kind == _READ_MEMORY:
            assert port.read_memory(place, value).size == value
        else:
            port.write_memory(place, np.zeros(min(value, 2 * _SIZE), np.uint8))


def _is_endless(port: ModelPort) -> bool:
    """Whether a list links to itself: such a list never ends, as `ModelPort` says."""
    low, high = (port.read32(REGISTERS[f"LIST_ADDRESS_{half}"].offset) for half in ("LOW", "HIGH"))
    memory = port.read_memory(0, _SIZE)
    try:
        return bool(decode_list(memory, low | high << 32)[-1].following)
    except IndexError:
        return False


REGISTER_ACCESSES = Target(
    name="registers", share=60, read=_read, draw=_draw, valid=_valid, refusals=(PortError,)
)
"""Writes of registers, doorbells among them, and accesses to memory."""
