"""A program: jobs in order, and the memory that they work on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.engine import Descriptor, EngineParameters, encode_list
from mixdit.driver.matrix import Layout

__all__ = ["CONDITION", "CONTEXT", "MASK", "TOKENS", "Constant", "Job", "NamedMatrix", "Program"]

TOKENS, CONDITION, CONTEXT, MASK = "tokens", "condition", "context", "mask"
"""Names of matrices that a host writes; the first two are in every program. Tokens are also the result."""


@dataclass(frozen=True)
class Job:
    """A job and what it is for.

    Parameters
    ----------
    name:
        In a few words.
    descriptor:
        What the engine is told.
    of_head:
        The sample and the head that it is of; None if it is of more than one head.
    """

    name: str
    descriptor: Descriptor
    of_head: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Constant:
    """Bytes that are in memory before the first job, and that no job writes.

    Parameters
    ----------
    name:
        Of what they are, or are part of.
    address:
        Of the first byte.
    data:
        uint8 ``[size]``.
    """

    name: str
    address: int
    data: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class NamedMatrix(Layout):
    """Where a matrix lies.

    Parameters
    ----------
    name:
        What it holds.
    address, pitch:
        Address of its first row, and bytes from row to row.
    """

    name: str
    address: int
    pitch: int

    @property
    def size(self) -> int:
        """Bytes from the first row's first to the last row's last."""
        return (self.shape[0] - 1) * self.pitch + self.row_bytes


@dataclass(frozen=True, eq=False, kw_only=True)
class Program:
    """Jobs that turn tokens into tokens, one after the other.

    Parameters
    ----------
    parameters:
        Of the engine that it was made for: an engine with the same ``fraction_bits`` and ``k_blocks`` makes
        the same bits.
    samples:
        Independent sequences of tokens, each with a condition.
    jobs:
        In their order.
    constants:
        What memory holds before the first job.
    matrices:
        Every matrix of the jobs, by address. `TOKENS` is binary32 ``[samples * tokens, width]``, input and
        result; `CONDITION` is binary32 ``[samples, width]``, or as wide as a block takes it; `CONTEXT` is
        binary32 ``[samples * context_tokens, context_width]``, and `MASK` ``[samples, context_tokens]``.
    memory:
        Addresses that the program takes. All else stays as it is.
    list_address:
        Where the jobs lie as a list, one entry behind the other: ``golden.engine.encode_list``.
    inputs, outputs:
        Names of the matrices that a host writes before the jobs, and of those that it reads behind them.
    """

    parameters: EngineParameters
    samples: int
    jobs: tuple[Job, ...]
    constants: tuple[Constant, ...]
    matrices: tuple[NamedMatrix, ...]
    memory: range
    list_address: int
    inputs: tuple[str, ...] = (TOKENS, CONDITION)
    outputs: tuple[str, ...] = (TOKENS,)

    def matrix(self, name: str) -> NamedMatrix:
        """The first matrix of a name; KeyError if there is none."""
        for found in self.matrices:
            if found.name == name:
                return found
        raise KeyError(name)

    def image(self) -> NDArray[np.uint8]:
        """What memory holds before the first job: uint8 ``[size]``, from ``memory.start`` on.

        The list of jobs is its end; between constants it has zeros.
        """
        listed = encode_list([job.descriptor for job in self.jobs], self.list_address)
        result = np.zeros(self.list_address + listed.size - self.memory.start, np.uint8)
        for address, data in ((self.list_address, listed), *((c.address, c.data) for c in self.constants)):
            start = address - self.memory.start
            result[start : start + data.size] = data
        return result

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants."""
        return sum(constant.data.size for constant in self.constants)

    @property
    def multiplications(self) -> int:
        """Multiply-accumulates of all products, padding left out."""
        return sum(job.descriptor.m * job.descriptor.n * job.descriptor.k for job in self.jobs)
