"""Kinds of claims about variants, each of which judges one variant of a table of results.

A claim holds when the whole 95% interval of what it is about lies on the right side of a margin that was
stated beforehand: more chance makes an interval wider, and a claim harder to hold.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mixdit.quality.result import Result
from mixdit.quality.score import Score

__all__ = ["Claim", "Floor", "Gain", "Loss", "Part", "Passes", "Results", "ScoreName", "Share"]

Results = Mapping[str, Result]
"""By variant."""

ScoreName = Literal["SQNR", "PSNR", "Frechet"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What must hold of one variant.

    Parameters
    ----------
    variant:
        The one that it is about.
    control:
        A worse variant: the claim must fail for it, else it says nothing.
    reason:
        Why the margin is what it is.
    models:
        The models that it is made for; empty for all.
    """

    variant: str
    control: str
    reason: str
    models: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """Every variant that it takes."""
        return {self.variant, self.control}

    @abstractmethod
    def text(self) -> str:
        """The claim."""

    @abstractmethod
    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        """What was measured of ``variant``, and whether that bears the claim out."""


@dataclass(frozen=True, kw_only=True)
class Floor(Claim):
    """A score in dB of at least ``least``."""

    score: ScoreName
    least: float

    def text(self) -> str:
        return f"{self.variant}: {self.score} >= {self.least:g} dB"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        score = results[variant].scores[self.score]
        return _shown(score, ".1f", " dB"), score.interval.low >= self.least


@dataclass(frozen=True, kw_only=True)
class Gain(Claim):
    """A score in dB that is higher than that of ``reference`` by at least ``least``, image by image."""

    score: ScoreName
    reference: str
    least: float

    def names(self) -> set[str]:
        return super().names() | {self.reference}

    def text(self) -> str:
        return f"{self.variant}: {self.score} >= {self.reference} {self.least:+g} dB"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        gain = results[variant].scores[self.score] - results[self.reference].scores[self.score]
        return _shown(gain, "+.2f", " dB"), gain.interval.low >= self.least


@dataclass(frozen=True, kw_only=True)
class Loss(Claim):
    """A Frechet distance that exceeds that of ``reference`` by at most ``most`` (non-inferiority)."""

    reference: str
    most: float

    def names(self) -> set[str]:
        return super().names() | {self.reference}

    def text(self) -> str:
        return f"{self.variant}: Frechet distance <= {self.reference} {self.most:+g}"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        loss = results[variant].scores["Frechet"] - results[self.reference].scores["Frechet"]
        return _shown(loss, "+.3f"), loss.interval.high <= self.most


@dataclass(frozen=True, kw_only=True)
class Part(Claim):
    """A score that goes at least the part ``least``, 0 to 1, of the way from one variant's to another's."""

    score: ScoreName
    start: str
    end: str
    least: float

    def names(self) -> set[str]:
        return super().names() | {self.start, self.end}

    def text(self) -> str:
        return f"{self.variant}: {self.least:.0%} of the {self.score} gap from {self.start} to {self.end}"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        score, start, end = (results[name].scores[self.score] for name in (variant, self.start, self.end))
        part = (score - start) / (end - start)
        return _shown(part, ".0%"), part.interval.low >= self.least


@dataclass(frozen=True, kw_only=True)
class Share(Claim):
    """At most the share ``most``, 0 to 1, in MX9: ``"linear"`` activations or ``"attention"`` operands."""

    of: Literal["linear", "attention"]
    most: float

    def text(self) -> str:
        what = {"linear": "linear activations", "attention": "attention operands"}[self.of]
        return f"{self.variant}: {what} in MX9 <= {self.most:.0%}"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        row = results[variant].row
        share = row.mx9_linear if self.of == "linear" else row.mx9_attention
        return ("none", False) if share is None else (f"{share:.2%}", share <= self.most)


@dataclass(frozen=True, kw_only=True)
class Passes(Claim):
    """At most ``most`` times the passes of the array that all in MX6 takes."""

    most: float

    def text(self) -> str:
        return f"{self.variant}: passes <= {self.most:g} of MX6's"

    def judge(self, results: Results, variant: str) -> tuple[str, bool]:
        passes = results[variant].row.passes
        return ("none", False) if passes is None else (f"{passes:.4f}", passes <= self.most)


def _shown(score: Score, form: str, unit: str = "") -> str:
    """A figure with its interval."""
    interval = score.interval
    return f"{score.value:{form}}{unit} [{interval.low:{form}}, {interval.high:{form}}]"
