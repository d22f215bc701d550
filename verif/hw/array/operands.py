"""Random operands of every format that aim at the array's edges."""

from itertools import product

import numpy as np

from golden import FORMATS, MXINT8, Format, MXTensor, Tensor, concat
from golden.formats import STREAM_FORMATS

__all__ = ["CASES", "KINDS", "all_pairs", "operands", "whole_blocks"]

KINDS = (*FORMATS, "mixed")
"""Formats of an operand; a mixed one changes from k-block to k-block."""

CASES = ("ordinary", "nan", "zero", "extreme", "saturated", "lowest", "spread", "cancelling")
"""What a pair of operands holds:

ordinary
    random codes, exponents close together
nan
    a NaN block or two in one of the operands
zero
    blocks of zeros, some with a shared exponent above all others
extreme
    shared exponents at both ends, so that results overflow and underflow
saturated
    largest codes of one sign in each row: the accumulator's largest values
lowest
    many codes -2**m, which no encoder makes and which take a second pass in MX4 and MX6
spread
    shared exponents so far apart that shifts exceed any fraction
cancelling
    the second half of K takes the first one back: what is left is what the shifts dropped
"""


def whole_blocks(kinds: tuple[str, str], blocks: int) -> int:
    """The least number of k-blocks, ``blocks`` or one more, that operands of these kinds can have."""
    return blocks + blocks % 2 if MXINT8.name in kinds else blocks


def operands(
    rng: np.random.Generator, shape: tuple[int, int, int], kinds: tuple[str, str], case: str
) -> tuple[Tensor, Tensor]:
    """Two operands ``[M, K]`` and ``[N, K]``.

    Parameters
    ----------
    rng:
        Source of randomness.
    shape:
        M, N and the number of k-blocks, even where a kind is MXINT8.
    kinds:
        Of ``KINDS``, for each operand.
    case:
        One of ``CASES``.
    """
    m, n, blocks = shape
    if case == "cancelling" and blocks > 1 and whole_blocks(kinds, blocks // 2) * 2 == blocks:
        a, b = (
            _operand(rng, rows, blocks // 2, kind, case) for rows, kind in zip((m, n), kinds, strict=True)
        )
        return concat([a, _negated(a)]), concat([b, b])
    a, b = (_operand(rng, rows, blocks, kind, case) for rows, kind in zip((m, n), kinds, strict=True))
    if case == "nan":
        _add_nan(rng, (a, b)[rng.integers(2)])
    return a, b


def _operand(rng: np.random.Generator, rows: int, blocks: int, kind: str, case: str) -> Tensor:
    if kind != "mixed":
        fmt = FORMATS[kind]
        return _blocks(rng, fmt, rows, blocks * 16 // fmt.block_size, case)
    formats = [STREAM_FORMATS[i] for i in rng.integers(len(STREAM_FORMATS), size=blocks)]
    return concat([_blocks(rng, fmt, rows, 1, case) for fmt in formats])


def _blocks(rng: np.random.Generator, fmt: Format, rows: int, blocks: int, case: str) -> MXTensor:
    shape = (rows, blocks)
    limit = fmt.max_element
    elements = rng.integers(-limit, limit, (*shape, fmt.block_size), endpoint=True)
    micro = rng.integers(256 if fmt.subblocks else 1, size=shape)
    exponents = rng.integers(118, 134, shape)
    if case == "zero":
        empty = rng.random(shape) < 0.5
        elements[empty] = 0
        exponents[empty] = rng.choice([0, 0, 140, 254], empty.sum())
        elements[rng.random(elements.shape) < 0.5] = 0
    elif case == "extreme":
        exponents = rng.choice([0, 1, 2, 64, 127, 190, 253, 254], shape)
        # Mostly one end, or else the largest exponent rules every sum.
        exponents[rng.random(rows) < 0.7] = rng.choice([0, 1, 60, 190, 254])
    elif case == "saturated":
        elements[:] = limit * rng.choice([-1, 1], (rows, 1, 1))
        micro[:] = 0
        exponents[:] = rng.integers(118, 134, (rows, 1))
    elif case == "lowest":
        elements[rng.random(elements.shape) < 0.3] = fmt.min_element
    elif case == "spread":
        exponents = rng.integers(60, 200, shape)
    return MXTensor(
        fmt,
        blocks * fmt.block_size,
        exponents.astype(np.uint8),
        micro.astype(np.uint8),
        elements.astype(np.int8),
    )


def _negated(t: Tensor) -> Tensor:
    parts = [MXTensor(p.fmt, p.k, p.exponents, p.microexponents, -p.elements) for p in t.parts]
    return concat(parts)


def _add_nan(rng: np.random.Generator, t: Tensor) -> None:
    """Make one or two blocks of ``t`` NaN blocks, in place."""
    for _ in range(rng.integers(1, 3)):
        part = t.parts[rng.integers(len(t.parts))]
        rows, blocks = part.exponents.shape
        part.exponents[rng.integers(rows), rng.integers(blocks)] = 255


def all_pairs() -> list[tuple[tuple[str, str], str]]:
    """Every pair of kinds with every case."""
    return list(product(product(KINDS, KINDS), CASES))
