"""The formats of what a head of an attention multiplies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from golden import Format
from mixdit.plan.check_format import check_format

__all__ = ["OPERANDS", "HeadFormats", "Operand"]

Operand = Literal["q", "k", "p", "v"]

OPERANDS: tuple[Operand, ...] = get_args(Operand)
"""Queries, keys, probabilities and values: the products are q k^T and p v."""


@dataclass(frozen=True)
class HeadFormats:
    """Formats of a head's four operands.

    Parameters
    ----------
    q, k, p, v:
        Of queries, keys, probabilities and values.

    Raises
    ------
    ValueError
        A format that the array does not multiply.
    """

    q: Format
    k: Format
    p: Format
    v: Format

    def __post_init__(self) -> None:
        for name, fmt in zip(OPERANDS, self, strict=True):
            check_format(name, fmt)

    def __iter__(self) -> Iterator[Format]:
        """The four, in the order of `OPERANDS`."""
        return iter((self.q, self.k, self.p, self.v))

    @classmethod
    def of(cls, formats: "Format | HeadFormats") -> "HeadFormats":
        """Formats as they are, or one for all four; ``ValueError`` for none that the array multiplies."""
        if isinstance(formats, HeadFormats):
            return formats
        check_format("heads", formats)
        return cls(formats, formats, formats, formats)

    @property
    def alike(self) -> bool:
        """Whether all four are the same."""
        return len(set(self)) == 1

    def __str__(self) -> str:
        if self.alike:
            return str(self.q)
        return " ".join(f"{name}={fmt}" for name, fmt in zip(OPERANDS, self, strict=True))
