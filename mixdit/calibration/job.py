"""A calibration from the command line: what is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mixdit.calibration.pipelines import PipelineKind, run_pipeline
from mixdit.calibration.settings import Settings
from mixdit.plan.array_passes import Price, array_passes

__all__ = ["Job", "JobError"]


class JobError(OSError):
    """A model cannot be calibrated; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to calibrate, with what, and where to; see ``mixdit calibrate --help``."""

    model: str
    kind: PipelineKind
    items: tuple[int | str, ...]
    output: Path
    settings: Settings
    steps: int
    guidance: float | None
    size: int | None
    dtype: torch.dtype
    device: str
    restart: bool
    preview: bool
    strict: bool = False
    balance: bool = False
    price: Price = array_passes

    def identity(self) -> dict[str, Any]:
        """What statistics depend on: they serve another job if it has the same."""
        return {
            "model": self.model,
            "pipeline": self.kind.pipeline,
            "items": list(self.items),
            "steps": self.steps,
            "guidance": self.guidance,
            "size": self.size,
            "dtype": str(self.dtype),
            "tokens": self.settings.tokens,
            "seed": self.settings.seed,
            "sensitivity": [self.settings.low.name, self.settings.high.name]
            if self.settings.choice == "sensitivity"
            else None,
        } | ({"balance": True} if self.balance else {})  # older files say nothing of it

    def run(self, pipeline: Any, number: int, output_type: str) -> Any:
        """Sample image ``number``."""
        return run_pipeline(
            pipeline,
            self.kind,
            self.items[number : number + 1],
            steps=self.steps,
            seed=self.settings.seed + number,
            guidance=self.guidance,
            size=self.size,
            output_type=output_type,
        )
