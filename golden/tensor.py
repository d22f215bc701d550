"""Block tensors: the integer codes of a matrix whose rows are blocks along the last axis.

Sources: the project's number format contract, sections 1 and 4 (docs: number formats).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.formats import BLOCK_SIZE, NAN_EXPONENT, Format


def block_count(k: int, fmt: Format) -> int:
    """Blocks of ``fmt`` that hold ``k`` elements, the last one padded with zeros."""
    return -(-k // fmt.block_size)


def check_k(k: object) -> None:
    """Raise unless ``k`` is an int of at least 1."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k must be an int, not {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k!r}")


def _check_array(name: str, value: object, dtype: type, shape: tuple[int, ...] | None) -> None:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, not {type(value).__name__}")
    if value.dtype != dtype:
        raise TypeError(f"{name} must have dtype {np.dtype(dtype).name}, not {value.dtype}")
    if shape is not None and value.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {value.shape}")


@dataclass(frozen=True, eq=False)
class MXTensor:
    """A tensor in one block format, as integer codes; blocks run along its last axis.

    Parameters
    ----------
    fmt:
        The format of every block.
    k:
        True length of the last axis. Elements of the last block at or past ``k`` are padding:
        encoders set them to 0, and products use them as stored.
    exponents:
        uint8 ``[..., blocks]``: shared exponents E, bias 127; 255 marks a NaN block.
    microexponents:
        uint8 ``[..., blocks]``: bit j is the microexponent of sub-block j; all 0 in MXINT8.
    elements:
        int8 ``[..., blocks, block_size]``: two's complement codes in ``[-2**m, 2**m - 1]``.

    ``blocks`` is ``ceil(k / fmt.block_size)``.

    Raises
    ------
    TypeError
        A field of another kind or dtype.
    ValueError
        A shape that does not fit ``k``, an element code outside the format's range, or a nonzero
        microexponent in a format that has none.
    """

    fmt: Format
    k: int
    exponents: NDArray[np.uint8]
    microexponents: NDArray[np.uint8]
    elements: NDArray[np.int8]

    def __post_init__(self) -> None:
        fmt = self.fmt
        if not isinstance(fmt, Format):
            raise TypeError(f"fmt must be a Format such as golden.MX6, not {fmt!r}")
        check_k(self.k)
        _check_array("exponents", self.exponents, np.uint8, None)
        if self.exponents.ndim == 0:
            raise ValueError("exponents must have at least the axis of blocks, but has no axis")
        blocks = block_count(self.k, fmt)
        if self.exponents.shape[-1] != blocks:
            raise ValueError(
                f"k={self.k} takes {blocks} {fmt} blocks of {fmt.block_size}, "
                f"but exponents has {self.exponents.shape[-1]}"
            )
        _check_array("microexponents", self.microexponents, np.uint8, self.exponents.shape)
        _check_array("elements", self.elements, np.int8, (*self.exponents.shape, fmt.block_size))
        if fmt.element_bits < 8 and self.elements.size:
            low, high = int(self.elements.min()), int(self.elements.max())
            if low < fmt.min_element or high > fmt.max_element:
                bad = low if low < fmt.min_element else high
                raise ValueError(
                    f"{fmt} elements must be {fmt.min_element} to {fmt.max_element}, but one is {bad}"
                )
        if not fmt.subblocks and self.microexponents.any():
            raise ValueError(
                f"{fmt} has no microexponents, but one block's are {int(self.microexponents.max()):#x}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values: the leading axes and ``k``."""
        return (*self.exponents.shape[:-1], self.k)

    @property
    def nan_blocks(self) -> NDArray[np.bool_]:
        """The NaN blocks: bool ``[..., blocks]``."""
        return np.equal(self.exponents, NAN_EXPONENT)

    @property
    def parts(self) -> "tuple[MXTensor, ...]":
        """The tensor as parts of one format each: itself (see `MixedTensor.parts`)."""
        return (self,)

    def __getitem__(self, index: Any) -> "MXTensor":
        """Select along the leading axes (never along K), as NumPy indexing does."""
        keys = index if isinstance(index, tuple) else (index,)
        axes = sum(key is not None for key in keys)
        if axes > self.exponents.ndim - 1 or any(key is Ellipsis for key in keys):
            raise IndexError(f"index {index!r} must select among the {self.exponents.ndim - 1} leading axes")
        return MXTensor(
            self.fmt, self.k, self.exponents[index], self.microexponents[index], self.elements[index]
        )


@dataclass(frozen=True, eq=False)
class MixedTensor:
    """A tensor whose K axis is a sequence of parts in different formats.

    Parameters
    ----------
    parts:
        The parts in the order of K, with the same leading axes. The ``k`` of every part but the
        last is a multiple of 16, so no padding lies inside K.

    Raises
    ------
    TypeError
        A part that is not an `MXTensor`.
    ValueError
        No part, leading axes that differ, or padding inside K.
    """

    parts: tuple[MXTensor, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.parts, tuple):
            raise TypeError(f"parts must be a tuple, not {type(self.parts).__name__}")
        if not self.parts:
            raise ValueError("parts must hold at least 1 tensor, not 0")
        for part in self.parts:
            if not isinstance(part, MXTensor):
                raise TypeError(f"parts must be MXTensor, not {type(part).__name__}")
        leading = self.parts[0].shape[:-1]
        for i, part in enumerate(self.parts):
            if part.shape[:-1] != leading:
                raise ValueError(f"leading axes must be {leading} in every part, not {part.shape[:-1]}")
            if i < len(self.parts) - 1 and part.k % BLOCK_SIZE:
                raise ValueError(
                    f"k of every part but the last must be a multiple of {BLOCK_SIZE}, "
                    f"but part {i} has k={part.k}"
                )

    @property
    def k(self) -> int:
        """True length of the last axis, over all parts."""
        return sum(part.k for part in self.parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values: the leading axes and ``k``."""
        return (*self.parts[0].shape[:-1], self.k)

    def __getitem__(self, index: Any) -> "MixedTensor":
        """Select along the leading axes (never along K), as NumPy indexing does."""
        return MixedTensor(tuple(part[index] for part in self.parts))


Tensor = MXTensor | MixedTensor
"""What products and passes accept."""


def concat(parts: Sequence[Tensor]) -> MixedTensor:
    """Join tensors along K, each in its own format.

    Parameters
    ----------
    parts:
        `MXTensor` or `MixedTensor`, with the same leading axes; the ``k`` of all but the last is a
        multiple of 16.

    Raises
    ------
    TypeError, ValueError
        As `MixedTensor`.
    """
    flat: list[MXTensor] = []
    for part in parts:
        if not isinstance(part, Tensor):
            raise TypeError(f"parts must be MXTensor or MixedTensor, not {type(part).__name__}")
        flat.extend(part.parts)
    return MixedTensor(tuple(flat))
