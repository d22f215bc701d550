"""What software tells the engine to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from golden.engine.registers import DESCRIPTOR_REGISTERS

DIMENSION_LIMIT = (1 << 20) - 1
"""Largest M, N and K."""

DESCRIPTOR_WORDS = len(DESCRIPTOR_REGISTERS)
"""32-bit words of a descriptor."""


class Operation(IntEnum):
    """What a job does."""

    PRODUCT = 0
    """D[M, N] = A[M, K] * B[N, K]^T, times a scale row, plus a bias row, through a function, times a gate row
    or column, plus D's old values."""
    REORDER = 1
    """Float rows A[M, N], divided by A[:, N], normalized, or 2 to the power of what is left without their
    maximum, permuted along N, then times a gate row and plus a bias row if normalized, as rows of blocks
    D[M, N], or of floats on an engine with functions."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """One job, field by field as in the registers; any value that fits a field can be held.

    `golden.engine.check` says what is wrong with it, as the hardware does. Addresses and pitches are in
    bytes, formats are codes of `MemoryFormat`, ``epsilon`` is the bit pattern of a binary32. See the register
    table for each field.
    """

    operation: int = Operation.PRODUCT
    bias: int = 0
    accumulate: int = 0
    keep_b: int = 0
    permute: int = 0
    function: int = 0
    gate: int = 0
    divide: int = 0
    norm: int = 0
    scale: int = 0
    gate_by_row: int = 0
    a_format: int = 0
    b_format: int = 0
    d_format: int = 0
    m: int = 0
    n: int = 0
    k: int = 0
    a_mx9_blocks: int = 0
    b_mx9_blocks: int = 0
    d_mx9_blocks: int = 0
    a_address: int = 0
    b_address: int = 0
    d_address: int = 0
    bias_address: int = 0
    a_pitch: int = 0
    b_pitch: int = 0
    d_pitch: int = 0
    epsilon: int = 0
    reserved: tuple[int, ...] = (0,) * DESCRIPTOR_WORDS
    """The reserved bits of each word, which must be 0."""

    def words(self) -> tuple[int, ...]:
        """The words to stage, in the order of their registers; ``ValueError`` if a value does not fit."""
        words = []
        for register, reserved in zip(DESCRIPTOR_REGISTERS, self.reserved, strict=True):
            word = reserved & ~register.used
            for field in register.fields:
                word |= field.put(self._field(register.name, field.name))
            words.append(word)
        return tuple(words)

    def _field(self, register: str, field: str) -> int:
        if field != "value":
            return int(getattr(self, field))
        name, _, half = register.lower().rpartition("_")
        address = int(getattr(self, name))
        if not 0 <= address < 1 << 64:
            raise ValueError(f"{name} must be 0 to {(1 << 64) - 1}, not {address!r}")
        return address >> 32 if half == "high" else address & 0xFFFFFFFF

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "Descriptor":
        """The inverse of `words`."""
        values: dict[str, int] = {}
        for register, word in zip(DESCRIPTOR_REGISTERS, words, strict=True):
            for name, value in register.unpack(word).items():
                if name == "value":
                    name, _, half = register.name.lower().rpartition("_")
                    value = values.get(name, 0) | value << (32 if half == "high" else 0)
                values[name] = value
        reserved = tuple(
            word & ~register.used for register, word in zip(DESCRIPTOR_REGISTERS, words, strict=True)
        )
        return cls(**values, reserved=reserved)
