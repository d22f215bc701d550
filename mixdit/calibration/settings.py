"""What to calibrate for."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from golden import MX6, MX9, Format
from golden.formats import STREAM_FORMATS

Choice = Literal["magnitude", "sensitivity", "random"]
Rounding = Literal["compensated", "nearest"]
Heads = Literal["whole", "operands"]
HEADS: tuple[Heads, ...] = ("whole", "operands")
ROUNDINGS: tuple[Rounding, ...] = ("compensated", "nearest")
CHOICES: tuple[Choice, ...] = ("magnitude", "sensitivity", "random")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Budgets and rules of a plan; the defaults are those of MixDiT (arXiv 2504.08398).

    Parameters
    ----------
    linear_share, attention_share:
        Most of the activation elements of all linear layers, and of all q, k, p and v, that may be in
        ``high``, 0 to 1. One budget for the whole model: layers share it as they need it.
    weight, high, low:
        Formats of the weights, of the outliers and of everything else.
    choice:
        What makes an outlier. ``"magnitude"``: the largest absolute values of the whole model.
        ``"sensitivity"``: the error that ``high`` removes, weighted by its effect on the model's output.
        ``"random"``: chance, to compare with.
    reorder:
        Sort the channels of each layer, so that outliers share blocks. Without it, channels stay in the
        blocks that they are in, and whole blocks move to the front.
    exchanges:
        Rounds of a search that exchanges channels between the blocks of a layer, high and low, as long as
        its error falls; see `mixdit.calibration.exchange`. A thousand go a long way.
    cover:
        Part of the error that ``high`` could remove, over 0 to 1: each budget is spent only as far as it
        takes to remove that much. Shares then follow from the outliers, and the two above are their upper
        limits.
    heads:
        What is chosen of an attention: ``"whole"`` heads, with q, k, p and v alike, or ``"operands"``, each
        q, k, p or v of a head by itself. Operands cannot be compared by magnitude.
    latency:
        Most passes of the array that the planned layers may take, over those with all activations and
        operands of attention in MX6, at least 1; None for no limit. Everything is then chosen by what it
        gains for the passes that it costs, within both shares; takes the choice by sensitivity.
    dynamic:
        Choose formats at run time, by a threshold on the largest magnitude of each block of a row. The
        hardware cannot, so this is to compare with; heads stay static.
    timestep_groups:
        Ranges of timesteps with a plan of their own.
    rounding:
        How weights become blocks. ``"compensated"``: so that each layer's output errs least behind the
        quantized layers before it, see `mixdit.rounding`; ``"nearest"``: each by itself, the only way for
        a plan by timestep, whose ranges share weights in floating point. None for the best that the plan
        allows.
    tokens:
        Random tokens that statistics take from every pass of the model through a layer.
    seed:
        Of these tokens, and of the choice ``"random"``.

    Raises
    ------
    ValueError
        A value out of range.
    """

    linear_share: float = 0.05
    attention_share: float = 0.20
    weight: Format = MX6
    high: Format = MX9
    low: Format = MX6
    choice: Choice = "magnitude"
    reorder: bool = True
    exchanges: int = 0
    cover: float = 1.0
    heads: Heads = "whole"
    latency: float | None = None
    dynamic: bool = False
    timestep_groups: int = 1
    rounding: Rounding | None = None
    tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("linear_share", "attention_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, not {getattr(self, name)!r}")
        for name in ("weight", "high", "low"):
            if getattr(self, name) not in STREAM_FORMATS:
                allowed = ", ".join(fmt.name for fmt in STREAM_FORMATS)
                raise ValueError(f"{name} must be one of {allowed}, not {getattr(self, name)}")
        if self.choice not in CHOICES:
            raise ValueError(f"choice must be one of {', '.join(CHOICES)}, not {self.choice!r}")
        if self.rounding not in (None, *ROUNDINGS):
            raise ValueError(f"rounding must be one of {', '.join(ROUNDINGS)}, not {self.rounding!r}")
        if self.heads not in HEADS:
            raise ValueError(f"heads must be one of {', '.join(HEADS)}, not {self.heads!r}")
        if self.heads == "operands" and self.choice == "magnitude":
            raise ValueError("operands of heads are chosen by sensitivity or at random, not by magnitude")
        if self.latency is not None:
            if not self.latency >= 1:
                raise ValueError(f"latency must be at least 1, not {self.latency!r}")
            if self.choice != "sensitivity" or self.cover < 1:
                raise ValueError("latency takes the choice by sensitivity, and a cover of 1")
        if self.exchanges < 0:
            raise ValueError(f"exchanges must be at least 0, not {self.exchanges!r}")
        if not 0 < self.cover <= 1:
            raise ValueError(f"cover must be over 0 and at most 1, not {self.cover!r}")
        for name in ("timestep_groups", "tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if self.timestep_groups > 1 and self.rounding == "compensated":
            raise ValueError(
                "rounding must be nearest with several timestep_groups, which share their weights, "
                f"not {self.rounding!r}"
            )
        if self.exchanges and (self.dynamic or not self.reorder):
            raise ValueError("exchanges take channels that may be reordered, and a static choice")
        if self.cover < 1 and (self.dynamic or self.choice == "random"):
            raise ValueError("cover takes a static choice, by magnitude or sensitivity")
        if self.dynamic and self.choice != "magnitude":
            raise ValueError(f"dynamic formats are chosen by magnitude, not by {self.choice}")

    @property
    def weight_rounding(self) -> Rounding:
        """``rounding``, or what None stands for."""
        return self.rounding or ("compensated" if self.timestep_groups == 1 else "nearest")

    def to_json(self) -> dict[str, Any]:
        """All values, formats by name."""
        values = asdict(self) | {"rounding": self.weight_rounding}
        return {name: value["name"] if isinstance(value, dict) else value for name, value in values.items()}
