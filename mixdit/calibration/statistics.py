"""What calibration knows about a model's activations."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mixdit.timesteps.timesteps import TIMESTEPS

BUCKETS = 20
"""Ranges of timesteps that statistics tell apart."""

BUCKET_ROWS = 64
"""Rows of each layer that are kept of each range."""


def bucket_of(timestep: float) -> int:
    """The range that a timestep lies in, 0 to BUCKETS - 1."""
    return min(max(int(timestep * BUCKETS / TIMESTEPS), 0), BUCKETS - 1)


@dataclass(eq=False)
class LinearStatistics:
    """Inputs of a linear layer, from random tokens.

    Attributes
    ----------
    absmax, square_sum:
        float32 ``[BUCKETS, K]``: per channel, the largest magnitude and the sum of squares.
    rows:
        int64 ``[BUCKETS]``: tokens looked at.
    sample:
        float32 ``[BUCKETS, BUCKET_ROWS, K]``: a uniform sample of these tokens; the first ``rows`` of a
        bucket count where it saw fewer.
    elements:
        Input elements of all passes, tokens not looked at included.
    out_features:
        Channels of the layer's output.
    sensitivity:
        float32 ``[K]``: mean squared derivative of the model's output by a channel, see
        `mixdit.calibration.sensitivity`; None unless measured.
    """

    absmax: Tensor
    square_sum: Tensor
    rows: Tensor
    sample: Tensor
    elements: int = 0
    out_features: int = 1
    sensitivity: Tensor | None = None

    @classmethod
    def empty(cls, channels: int, out_features: int = 1) -> "LinearStatistics":
        """Statistics of no token."""
        return cls(
            torch.zeros(BUCKETS, channels),
            torch.zeros(BUCKETS, channels),
            torch.zeros(BUCKETS, dtype=torch.int64),
            torch.zeros(BUCKETS, BUCKET_ROWS, channels),
            out_features=out_features,
        )

    def update(self, tokens: Tensor, bucket: int, generator: torch.Generator) -> None:
        """Add tokens, float32 ``[n, K]``; the generator decides which of them the sample keeps."""
        torch.maximum(self.absmax[bucket], tokens.abs().amax(0), out=self.absmax[bucket])
        self.square_sum[bucket] += tokens.square().sum(0)
        # Reservoir sampling: the i-th token of a bucket stays with probability BUCKET_ROWS / i.
        number = self.rows[bucket] + torch.arange(len(tokens))
        place = (torch.rand(len(tokens), generator=generator) * (number + 1)).long()
        place = torch.where(number < BUCKET_ROWS, number, place)
        # In order: a later token may replace another.
        for i in (place < BUCKET_ROWS).nonzero()[:, 0].tolist():
            self.sample[bucket, place[i]] = tokens[i]
        self.rows[bucket] += len(tokens)

    def over(self, buckets: slice) -> "Summary":
        """The statistics of some ranges of timesteps as one."""
        numbers = range(*buckets.indices(BUCKETS))
        kept = [self.sample[i, : min(int(self.rows[i]), BUCKET_ROWS)] for i in numbers]
        count = max(1, int(self.rows[buckets].sum()))
        rms = (self.square_sum[buckets].sum(0) / count).sqrt()
        return Summary(self.absmax[buckets].amax(0), rms, torch.cat(kept))


@dataclass(frozen=True, eq=False)
class Summary:
    """A layer's inputs over some timesteps.

    Attributes
    ----------
    absmax, rms:
        float32 ``[K]``.
    sample:
        float32 ``[n, K]``: tokens.
    """

    absmax: Tensor
    rms: Tensor
    sample: Tensor


@dataclass(eq=False)
class AttentionStatistics:
    """Operands of an attention, head by head, from random tokens.

    Attributes
    ----------
    absmax, square_sum:
        float32 ``[BUCKETS, 3, heads]``: of q, k and v (probabilities are at most 1 in every head).
    count:
        int64 ``[BUCKETS, 3]``: elements per head looked at.
    elements:
        int64 ``[4]``: elements of q, k, p and v of all passes and heads.
    head_width:
        Channels of a head's q and k.
    errors:
        float32 ``[6, heads]``: how much the model's output errs for a head in the low format, in the high
        one, and in the low one but for q, k, p or v, see `mixdit.calibration.sensitivity`; None unless
        measured.
    """

    absmax: Tensor
    square_sum: Tensor
    count: Tensor
    elements: Tensor
    head_width: int = 1
    errors: Tensor | None = None

    @classmethod
    def empty(cls, heads: int, head_width: int = 1) -> "AttentionStatistics":
        """Statistics of no token."""
        shape = (BUCKETS, 3, heads)
        counts = torch.zeros(BUCKETS, 3, dtype=torch.int64)
        elements = torch.zeros(4, dtype=torch.int64)
        return cls(torch.zeros(shape), torch.zeros(shape), counts, elements, head_width)

    def update(self, operand: int, tokens: Tensor, bucket: int) -> None:
        """Add tokens, float32 ``[n, heads, head_dim]``, of q (0), k (1) or v (2)."""
        mine = self.absmax[bucket, operand]
        torch.maximum(mine, tokens.abs().amax((0, 2)), out=mine)
        self.square_sum[bucket, operand] += tokens.square().sum((0, 2))
        self.count[bucket, operand] += tokens.shape[0] * tokens.shape[2]

    def magnitudes(self, buckets: slice) -> Tensor:
        """The largest magnitude in q, k and v of each head: float32 ``[heads]``."""
        return self.absmax[buckets].amax((0, 1))


@dataclass(eq=False)
class Statistics:
    """What was seen of a model.

    Attributes
    ----------
    linears, attentions:
        By path.
    passes:
        Passes of the model so far.
    probed:
        Samples that sensitivities were measured with.
    power:
        Energy of the model's output for a sample, on average over these.
    left_out:
        Why there are no statistics of other layers, by path.
    """

    linears: dict[str, LinearStatistics] = field(default_factory=dict)
    attentions: dict[str, AttentionStatistics] = field(default_factory=dict)
    passes: int = 0
    probed: int = 0
    power: float = 0.0
    left_out: dict[str, str] = field(default_factory=dict)
