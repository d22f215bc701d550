"""What the demo finds out about each plan."""

from dataclasses import dataclass

__all__ = ["Figures"]


@dataclass
class Figures:
    """What one plan gave on the held-out half.

    Parameters
    ----------
    plan:
        Its name.
    accuracy:
        Share of images with the right digit.
    agreement:
        Share of images with the same digit as in float32.
    snr_db:
        Power of the float32 logits over that of the difference, in decibels; None without one.
    mismatches:
        Outputs of the array that differ from golden in any bit.
    outputs:
        Outputs compared.
    cycles:
        Clock cycles of all products.
    passes:
        Cycles in which every processing element worked.
    utilization:
        ``passes`` per cycle from each product's first pass to its last.
    """

    plan: str
    accuracy: float
    agreement: float
    snr_db: float | None
    mismatches: int = 0
    outputs: int = 0
    cycles: int = 0
    passes: int = 0
    utilization: float = 0.0
