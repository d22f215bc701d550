"""What to compare, and with what noise."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gen import __version__

__all__ = ["CALIBRATION_SEEDS", "LARGEST_SEED", "CompareError", "Comparison"]

CALIBRATION_SEEDS = 1 << 31
"""Beyond those of all images: what calibration sees, no figure is of. Of a seed, 32 bits count."""

LARGEST_SEED = 1 << 30
"""Of the first image."""


class CompareError(OSError):
    """A comparison cannot be made or continued; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A model of diffusers, and how images are sampled from it.

    Parameters
    ----------
    model, pipeline:
        Folder or repository, and its architecture: a key of `mixdit.calibration.pipelines.KINDS`.
    items:
        Labels or prompts. Image ``i`` is of item ``i`` modulo their number, and from the noise of seed
        ``seed + i``, whatever else is sampled.
    steps, guidance, size, seed:
        See `mixdit.calibration.pipelines.run_pipeline`.
    calibration_images:
        Images whose passes calibrate the variants; from other noise.
    device:
        Where the model runs.
    threads:
        Of each process.

    Raises
    ------
    ValueError
        A seed out of range.
    """

    model: str
    pipeline: str
    items: tuple[int | str, ...]
    steps: int
    guidance: float | None
    size: int | None
    seed: int
    calibration_images: int
    device: str
    threads: int

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed must be 0 to {LARGEST_SEED}, not {self.seed!r}")

    def item(self, number: int) -> int | str:
        """What image ``number`` is of."""
        return self.items[number % len(self.items)]

    def identity(self) -> dict[str, Any]:
        """What results depend on: they serve another comparison if it has the same."""
        return {
            "version": __version__,
            "model": self.model,
            "files": _files(Path(self.model)),
            "pipeline": self.pipeline,
            "items": list(self.items),
            "steps": self.steps,
            "guidance": self.guidance,
            "size": self.size,
            "seed": self.seed,
            "calibration_images": self.calibration_images,
        }

    @cached_property
    def digest(self) -> str:
        """Of `identity`."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[list[Any]]:
    """Names, sizes and times of a model's files: another model in its place is another comparison."""
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return [
        [str(path.relative_to(folder)), (stat := path.stat()).st_size, stat.st_mtime_ns] for path in found
    ]
