"""Inputs for the golden model's tests: ordinary values and every kind of edge."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden import MXTensor
from golden.formats import Format

EDGE_EXPONENTS = (0, 1, 2, 3, 8, 9, 10, 11, 126, 127, 128, 253, 254)
"""Shared exponents at both ends of binary32 and around the quantizer's slow path."""


def float_blocks(fmt: Format, seed: int = 0) -> NDArray[np.float32]:
    """Some 900 blocks, float32 ``[blocks, block_size]``: random bits, edges of E, ties, specials, zeros."""
    rng = np.random.default_rng(seed)
    size = fmt.block_size
    m = fmt.magnitude_bits

    def assemble(sign: object, exponent: object, mantissa: object) -> NDArray[np.float32]:
        bits = np.asarray(sign) << 31 | np.clip(exponent, 0, 255) << 23 | np.asarray(mantissa)
        return bits.astype(np.uint32).view(np.float32)

    groups = [rng.integers(0, 1 << 32, (100, size), dtype=np.uint32).view(np.float32)]
    for top in EDGE_EXPONENTS:
        shape = (40, size)
        sign = rng.integers(0, 2, shape)
        exponent = np.minimum(top - rng.integers(0, 10, shape) * rng.integers(0, 2, shape), top)
        mantissa = rng.integers(0, 1 << 23, shape)
        # Short mantissas make ties; all ones round up past the largest element.
        kind = rng.integers(0, 4, shape)
        mantissa = np.where(kind == 1, mantissa & (0x7FFFFF << (23 - m)) & 0x7FFFFF, mantissa)
        mantissa = np.where(kind == 2, 0x7FFFFF, np.where(kind == 3, mantissa & 0x7E0000, mantissa))
        groups.append(assemble(sign, exponent, mantissa))
    # Exact ties of every element code, in a block whose first element sets E.
    step = np.float32(2.0 ** -(m - 1))
    ties = (rng.integers(-(2**m), 2**m, (100, size)) + 0.5).astype(np.float32) * step
    ties[:, 0] = 1.5
    groups += [ties, (ties * np.float32(0.5)).astype(np.float32)]
    # Zeros, signed zeros, subnormals, NaN and infinity among ordinary values.
    mixed = rng.normal(size=(60, size)).astype(np.float32)
    specials = np.array(
        [0, 0x80000000, 1, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001], np.uint32
    )
    chosen = rng.random(mixed.shape) < 0.2
    mixed[chosen] = rng.choice(specials.view(np.float32), int(chosen.sum()))
    mixed[:4] = specials.view(np.float32)[:4, None]
    return np.concatenate([*groups, mixed])


def random_tensor(
    rng: np.random.Generator,
    rows: int,
    k: int,
    fmt: Format,
    exponents: Sequence[int] = (120, 130),
    *,
    lowest: bool = True,
) -> MXTensor:
    """Random codes: E in the closed range ``exponents``, some elements and whole blocks zero.

    ``lowest`` lets elements of -2**m through, which no encoder makes.
    """
    blocks = -(-k // fmt.block_size)
    shape = (rows, blocks, fmt.block_size)
    q = rng.integers(fmt.min_element if lowest else -fmt.max_element, fmt.max_element + 1, shape)
    q[rng.random(shape) < 0.2] = 0
    q[rng.random(shape[:2]) < 0.1] = 0
    if lowest:
        q[rng.random(shape) < 0.01] = fmt.min_element
    q.reshape(rows, -1)[:, k:] = 0
    e = rng.integers(exponents[0], exponents[1] + 1, shape[:2]).astype(np.uint8)
    micro = rng.integers(0, 256 if fmt.subblocks else 1, shape[:2]).astype(np.uint8)
    return MXTensor(fmt, k, e, micro, q.astype(np.int8))


def bits(x: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Bit patterns, for comparisons in which -0, +0 and NaN differ as they should."""
    return np.ascontiguousarray(x).view(np.uint32)


def same(a: MXTensor, b: MXTensor) -> bool:
    """Whether two tensors have the same format, length and codes."""
    return (
        a.fmt == b.fmt
        and a.k == b.k
        and np.array_equal(a.exponents, b.exponents)
        and np.array_equal(a.microexponents, b.microexponents)
        and np.array_equal(a.elements, b.elements)
    )
