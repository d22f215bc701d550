"""Block tensors in PyTorch: the codes that `golden.MXTensor` and `golden.MixedTensor` hold, on any device."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

import golden
from golden import FORMATS, MXINT8, Format


def expand_formats(formats: Format | Sequence[Format], k: int) -> tuple[Format, ...]:
    """The format of each block of a row of ``k`` elements.

    Parameters
    ----------
    formats:
        One format for all blocks, or the format of each block in the order of K.
    k:
        Elements of a row, at least 1.

    Raises
    ------
    TypeError
        Something other than formats.
    ValueError
        A number of formats that does not fit ``k``, formats of your own making, or MXINT8, whose blocks are
        longer, among others.
    """
    return _cached_list(_hashable(formats), k)


def formats_text(formats: Format | Sequence[Format], k: int) -> str:
    """`expand_formats` as a text, runs of blocks such as ``"MX9*4,MX6*68"``: what operators can take."""
    # torch.compile follows plain functions, and warns of caches.
    return (_text if torch.compiler.is_compiling() else _cached_text)(_hashable(formats), k)


@lru_cache
def parse_formats(text: str) -> tuple[Format, ...]:
    """The inverse of `formats_text`."""
    runs = (run.partition("*") for run in text.split(","))
    return tuple(FORMATS[name] for name, _, count in runs for _ in range(int(count)))


def _hashable(formats: Format | Sequence[Format]) -> Format | tuple[Format, ...]:
    if isinstance(formats, Format):
        return formats
    if not isinstance(formats, Sequence):
        raise TypeError(f"formats must be a Format such as golden.MX6, or a list of them, not {formats!r}")
    return tuple(formats)


def _list(formats: Format | tuple[Format, ...], k: int) -> tuple[Format, ...]:
    listed = (formats,) if isinstance(formats, Format) else formats
    for fmt in listed:
        if not isinstance(fmt, Format):
            raise TypeError(f"formats must be Format objects such as golden.MX6, not {fmt!r}")
        if FORMATS.get(fmt.name) != fmt:
            raise ValueError(f"formats must be of {', '.join(FORMATS)}, not {fmt!r}")
    if isinstance(formats, Format):
        return (formats,) * -(-k // formats.block_size)
    if len(set(listed)) > 1 and MXINT8 in listed:
        raise ValueError("MXINT8 shares a row with no other format: its blocks are longer")
    size = listed[0].block_size if listed else golden.MX9.block_size
    if len(listed) != -(-k // size):
        raise ValueError(f"k={k} takes {-(-k // size)} blocks of {size}, but formats names {len(listed)}")
    return listed


def _text(formats: Format | tuple[Format, ...], k: int) -> str:
    runs: list[tuple[str, int]] = []
    for fmt in _list(formats, k):  # not by groupby, which torch.compile does not follow
        if runs and runs[-1][0] == fmt.name:
            runs[-1] = fmt.name, runs[-1][1] + 1
        else:
            runs.append((fmt.name, 1))
    return ",".join(f"{name}*{count}" for name, count in runs)


_cached_list, _cached_text = lru_cache(_list), lru_cache(_text)


@dataclass(frozen=True, eq=False)
class BlockTensor:
    """A tensor of blocks along its last axis, each k-block in a format of its own.

    Parameters
    ----------
    formats:
        The format of each block along K; MXINT8 only if all are.
    k:
        True length of the last axis; elements past it are padding, 0 where an encoder made them.
    exponents:
        uint8 ``[..., blocks]``: shared exponents E; 255 marks a NaN block.
    microexponents:
        uint8 ``[..., blocks]``: bit j is the microexponent of sub-block j.
    elements:
        int8 ``[..., blocks, block_size]``: two's complement codes.
    """

    formats: tuple[Format, ...]
    k: int
    exponents: Tensor
    microexponents: Tensor
    elements: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values: the leading axes and ``k``."""
        return (*self.exponents.shape[:-1], self.k)

    @property
    def device(self) -> torch.device:
        """Where the codes are."""
        return self.elements.device

    def __getitem__(self, index: Any) -> "BlockTensor":
        """Select along the leading axes (never along K)."""
        return BlockTensor(
            self.formats, self.k, self.exponents[index], self.microexponents[index], self.elements[index]
        )

    def to_golden(self) -> golden.Tensor:
        """The same codes as `golden.MXTensor`, or `golden.MixedTensor` where formats differ (copied)."""
        parts = []
        start = 0
        for fmt, run in groupby(self.formats):
            stop = start + len(tuple(run))
            k = min(self.k, stop * fmt.block_size) - start * fmt.block_size
            codes = (self.exponents, self.microexponents, self.elements)
            axis = self.exponents.ndim - 1
            e, t, q = (c.narrow(axis, start, stop - start).cpu().numpy().copy() for c in codes)
            parts.append(golden.MXTensor(fmt, k, e, t, q))
            start = stop
        return parts[0] if len(parts) == 1 else golden.MixedTensor(tuple(parts))

    @classmethod
    def from_golden(cls, t: golden.Tensor) -> "BlockTensor":
        """The codes of a golden tensor, on the CPU; several parts must not include MXINT8."""
        parts = t.parts
        if len(parts) > 1 and any(part.fmt == MXINT8 for part in parts):
            raise ValueError("MXINT8 shares a row with no other format: its blocks are longer")
        return cls(
            tuple(part.fmt for part in parts for _ in range(part.exponents.shape[-1])),
            t.k,
            torch.cat([torch.from_numpy(part.exponents) for part in parts], -1),
            torch.cat([torch.from_numpy(part.microexponents) for part in parts], -1),
            torch.cat([torch.from_numpy(part.elements) for part in parts], -2),
        )
