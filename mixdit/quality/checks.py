"""What must hold of the quality table: the claims of MixDiT and of its rivals, with tolerances."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mixdit.quality.row import Row

__all__ = ["Check", "check_rows"]

TOLERANCE_DB = 0.3
LINEAR_SHARE, ATTENTION_SHARE = 0.05, 0.20
MX4_LOSS_REMOVED = 0.70
GAP_CLOSED = 0.50
ORDER = ("MX9", "W MX6, A MX9", "mixed", "MX6", "MX4")
MIXED_PLANS = (
    "mixed",
    "mixed by sensitivity",
    "mixed by exchange",
    "mixed by timestep",
    "mixed by both",
    "mixed, no reordering",
    "mixed at random",
    "MX4/MX9",
    "MX4/MX9 by both",
)
"""Static plans, which promise their shares."""


@dataclass(frozen=True)
class Check:
    """A claim about a model, what was measured, and whether that bears it out."""

    model: str
    claim: str
    measured: str
    holds: bool


def check_rows(rows: Sequence[Row]) -> list[Check]:
    """Every claim about every model; ``rows`` hold all variants."""
    checks = []
    for model in dict.fromkeys(row.model for row in rows):
        table = {row.variant: row for row in rows if row.model == model}
        checks += [Check(model, *claim) for claim in _claims(table)]
    return checks


def _claims(rows: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    """Claim, measurement, truth."""
    yield from _order(rows)
    yield from _shares(rows)
    yield from _frechet(rows)
    gap = rows["W MX6, A MX9"].sqnr_db - rows["MX6"].sqnr_db
    best = max(MIXED_PLANS[:5], key=lambda name: rows[name].sqnr_db)
    closed = (rows[best].sqnr_db - rows["MX6"].sqnr_db) / gap
    claim = f"the best plan closes {GAP_CLOSED:.0%} of the SQNR gap from MX6 to W MX6, A MX9"
    yield claim, f"{closed:.0%}, {best}", closed >= GAP_CLOSED
    for rival in ("HTG W4A8", "ViDiT-Q W4A8"):
        gain = rows[rival].sqnr_db - rows["W4A8 per tensor"].sqnr_db
        yield f"{rival} is closer to float32 than plain W4A8 per tensor", f"{gain:+.1f} dB SQNR", gain > 0


def _order(rows: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    for better, worse in pairwise(ORDER):
        gain = rows[better].psnr_db - rows[worse].psnr_db
        yield f"PSNR: {better} > {worse}", f"{gain:+.2f} dB", gain > -TOLERANCE_DB


def _shares(rows: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    shares = {
        f"linear activations in MX9 <= {LINEAR_SHARE:.0%}": ("mx9_linear", LINEAR_SHARE),
        f"attention operands in MX9 <= {ATTENTION_SHARE:.0%}": ("mx9_attention", ATTENTION_SHARE),
    }
    for claim, (name, limit) in shares.items():
        largest = max(getattr(rows[plan], name) for plan in MIXED_PLANS)
        yield claim, f"{largest:.2%}", largest <= limit


def _frechet(rows: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    for name in ("mixed", "W8A8 per token", "HTG W8A8", "ViDiT-Q W8A8", "Q-DiT W8A8"):
        row = rows[name]
        interval = f"{row.frechet_delta:+.3f} [{row.frechet_delta_low:+.3f}, {row.frechet_delta_high:+.3f}]"
        yield f"{name}: no Frechet loss within its interval", interval, row.frechet_delta_low <= 0
    mixed, mx4 = rows["MX4/MX9"], rows["MX4"]
    removed = 1 - mixed.frechet_delta / mx4.frechet_delta if mx4.frechet_delta > 0 else 0.0
    claim = f"mixing removes {MX4_LOSS_REMOVED:.0%} of MX4's Frechet loss"
    yield claim, f"{removed:.0%}", removed >= MX4_LOSS_REMOVED
