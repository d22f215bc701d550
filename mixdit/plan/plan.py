"""Precision plans: which parts of a model are in which format.

The hardware's descriptors and the PyTorch layers are built from the same plan; `plan_file` reads
and writes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from golden import MX6, MX9, Format
from golden.engine import DIMENSION_LIMIT
from mixdit.plan.check_format import check_format
from mixdit.plan.head_formats import HeadFormats
from mixdit.tensors.quantize import mixed_formats

_MOST_ELEMENTS = (1 << 63) - 1
"""Shares are ratios of floats, which hold no integer of any length."""


@dataclass(frozen=True, kw_only=True)
class LinearPlan:
    """Precision of a linear layer: activations as [high k-blocks | low k-blocks], weights in one format.

    Parameters
    ----------
    in_features:
        K, the channels of an activation: no more than a row of the engine has.
    weight:
        Format of the weights.
    high, low:
        Formats of the activations' leading k-blocks and of the rest.
    high_blocks:
        How many k-blocks of 16 channels are in ``high``.
    permutation:
        Channel that stands at each place along K, for activations and weights alike; None for the order they
        have.
    threshold:
        For formats chosen at run time: a block of a row whose largest magnitude exceeds this is in ``high``,
        any other in ``low``, and ``high_blocks`` is 0. None for the static choice, which the hardware needs.
    dynamic_share:
        Share of blocks that exceeded ``threshold`` in calibration, 0 to 1.
    elements:
        Activation elements in a pass of the model, for shares over a whole plan.

    Raises
    ------
    ValueError
        A value out of range.
    """

    in_features: int
    weight: Format = MX6
    high: Format = MX9
    low: Format = MX6
    high_blocks: int = 0
    permutation: tuple[int, ...] | None = None
    threshold: float | None = None
    dynamic_share: float = 0.0
    elements: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.in_features <= DIMENSION_LIMIT:
            raise ValueError(f"in_features must be 1 to {DIMENSION_LIMIT}, not {self.in_features!r}")
        for name in ("weight", "high", "low"):
            check_format(name, getattr(self, name))
        mixed_formats(self.in_features, self.high_blocks)
        if self.permutation is not None and sorted(self.permutation) != list(range(self.in_features)):
            raise ValueError(f"permutation must name each of the {self.in_features} channels once")
        if self.threshold is not None and (not self.threshold >= 0 or self.high_blocks):
            raise ValueError(
                f"threshold must be at least 0, with high_blocks=0, "
                f"not {self.threshold!r} with {self.high_blocks}"
            )
        if not 0 <= self.dynamic_share <= 1:
            raise ValueError(f"dynamic_share must be 0 to 1, not {self.dynamic_share!r}")
        if not 1 <= self.elements <= _MOST_ELEMENTS:
            raise ValueError(f"elements must be 1 to {_MOST_ELEMENTS}, not {self.elements!r}")

    @property
    def formats(self) -> tuple[Format, ...]:
        """The format of each k-block of an activation row."""
        return mixed_formats(self.in_features, self.high_blocks, self.high, self.low)

    @property
    def mx9_share(self) -> float:
        """Share of activation elements in MX9 blocks, 0 to 1; a last block counts with its true elements."""
        if self.threshold is not None:
            return self.dynamic_share * (self.high == MX9) + (1 - self.dynamic_share) * (self.low == MX9)
        size = MX9.block_size
        counts = [min(size, self.in_features - size * i) for i in range(len(self.formats))]
        in_mx9 = sum(count for count, fmt in zip(counts, self.formats, strict=True) if fmt == MX9)
        return in_mx9 / self.in_features


@dataclass(frozen=True, kw_only=True)
class AttentionPlan:
    """Precision of an attention: the formats of each head's q, k, p and v.

    Parameters
    ----------
    heads:
        The formats of each head; a single `Format` in place of `HeadFormats` stands for all four.
    operand_elements:
        Elements of q, k, p and v in a pass of the model, all heads together, for shares.

    Raises
    ------
    ValueError
        No head, an unknown format, elements that are not four numbers of at least 0, or none at all, or too
        many to count.
    """

    heads: tuple[HeadFormats, ...]
    operand_elements: tuple[int, int, int, int] = (1, 1, 1, 1)

    def __post_init__(self) -> None:
        if not self.heads:
            raise ValueError("heads must name at least 1 format, not 0")
        object.__setattr__(self, "heads", tuple(map(HeadFormats.of, self.heads)))
        counts = self.operand_elements
        if len(counts) != 4 or min(counts) < 0 or not 1 <= sum(counts) <= _MOST_ELEMENTS:
            raise ValueError(
                "operand_elements must be 4 numbers, 0 or more, not all 0,"
                f" {_MOST_ELEMENTS} together at most, not {counts!r}"
            )

    @property
    def elements(self) -> int:
        """Elements of all four operands together."""
        return sum(self.operand_elements)

    @property
    def mx9_share(self) -> float:
        """Share of the elements of q, k, p and v that are in MX9, 0 to 1."""
        in_mx9 = sum(
            count
            for head in self.heads
            for count, fmt in zip(self.operand_elements, head, strict=True)
            if fmt == MX9
        )
        return in_mx9 / (self.elements * len(self.heads))


def _mean_share(layers: Iterable[LinearPlan | AttentionPlan]) -> float:
    listed = list(layers)
    total = sum(layer.elements for layer in listed)
    return sum(layer.elements * layer.mx9_share for layer in listed) / total if total else 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Precision of a model, layer by layer; layers that it does not name stay in floating point.

    Parameters
    ----------
    linears, attentions:
        Plans by the path of the module, as in ``model.named_modules()``.
    balanced:
        Layers that `mixdit.rounding.balance` changed in the model that the plan is of, by path, each with a
        digest of its parameters: the plan is for a model with these layers alone. Empty for a model as it is.
    notes:
        Where the plan comes from, for people: anything that JSON holds.
    """

    linears: Mapping[str, LinearPlan] = field(default_factory=dict)
    attentions: Mapping[str, AttentionPlan] = field(default_factory=dict)
    balanced: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mx9_linear(self) -> float:
        """Share of the activation elements of all linear layers that are in MX9, 0 to 1."""
        return _mean_share(self.linears.values())

    @property
    def mx9_attention(self) -> float:
        """Share of the elements of all q, k, p and v that are in MX9, 0 to 1."""
        return _mean_share(self.attentions.values())
