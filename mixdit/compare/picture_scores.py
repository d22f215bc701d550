"""Scores of whole sets of pictures, by networks that the user brings."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mixdit.compare.comparison import CompareError, Comparison
from mixdit.compare.extractor import Features, load_extractor
from mixdit.compare.perceptual import perceptual_distance
from mixdit.compare.results import Results
from mixdit.compare.subject import eight_bits
from mixdit.quality.clip import load_clip
from mixdit.quality.standard_scores import standard_scores

__all__ = ["METRICS", "PictureScores", "real_pictures"]

METRICS = ("fid", "is", "clip", "lpips")
"""Names on the command line."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@dataclass(frozen=True, kw_only=True)
class PictureScores:
    """What to score by.

    Parameters
    ----------
    metrics:
        Of `METRICS`.
    real:
        Folder of real pictures, for FID.
    inception, classes, lpips:
        Files of networks, see `load_extractor`: features for FID, logits for the Inception score, maps of
        features for the perceptual distance.
    clip:
        Folder of a CLIP model with its processor, for the CLIP score.
    """

    metrics: tuple[str, ...]
    real: Path | None = None
    inception: Path | None = None
    classes: Path | None = None
    lpips: Path | None = None
    clip: Path | None = None

    def missing(self, comparison: Comparison) -> dict[str, str]:
        """Metrics whose column is left out, and why."""
        reasons = {
            "fid": "it takes --real FOLDER and --inception FILE" * (None in (self.real, self.inception)),
            "is": "it takes --classes FILE" * (self.classes is None),
            "clip": "it takes --clip FOLDER" * (self.clip is None)
            or "labels are no prompts" * isinstance(comparison.items[0], int),
            "lpips": "it takes --lpips FILE" * (self.lpips is None),
        }
        return {name: reasons[name] for name in self.metrics if reasons[name]}

    def score(self, comparison: Comparison, results: Results, variant: str, images: int) -> dict[str, float]:
        """Scores of a variant's images, all of which are there: ``fid``, ``inception_score``, and so on.

        Raises
        ------
        CompareError
            Networks or pictures that cannot be used, or too few of these.
        """
        wanted = [name for name in self.metrics if name not in self.missing(comparison)]
        found: dict[str, float] = {}
        if "lpips" in wanted:
            assert self.lpips is not None
            network = load_extractor(self.lpips)
            found["perceptual"] = perceptual_distance(network, _pairs(results, variant, images))
        if {"fid", "is", "clip"}.isdisjoint(wanted):
            return found
        videos = [_pictures(results.image(variant, number)) for number in range(images)]
        pictures = torch.cat(videos)
        given: dict[str, Any] = {"real": None, "classes": None}
        if "fid" in wanted:
            assert self.inception is not None
            assert self.real is not None
            given["inception"] = Features(load_extractor(self.inception), pictures[0], self.inception)
            given["real"] = real_pictures(self.real, pictures.shape[-2:])
        if "is" in wanted:
            assert self.classes is not None
            given["classes"] = Features(load_extractor(self.classes), pictures[0], self.classes)
        if "clip" in wanted:
            assert self.clip is not None
            given["clip"] = _Clip(self.clip)
            given["prompts"] = [
                str(comparison.item(number)) for number, video in enumerate(videos) for _ in video
            ]
        if given["real"] is not None and min(len(pictures), len(given["real"])) < 2:
            raise CompareError("FID takes at least 2 images, and 2 real ones")
        return found | standard_scores(pictures, **given)


@dataclass(frozen=True)
class _Clip:
    """A CLIP model and its processor, when they are needed."""

    folder: Path

    def __call__(self) -> tuple[Any, Any]:
        try:
            return load_clip(self.folder)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CompareError(f"{self.folder} has no CLIP model with a processor: {reason}") from error


def _pictures(image: np.ndarray) -> Tensor:
    """An image, or the frames of a video: uint8 ``[n, 3, height, width]``."""
    return torch.from_numpy(image).reshape(-1, *image.shape[-3:]).permute(0, 3, 1, 2)


def _pairs(results: Results, variant: str, images: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Each picture of a variant, and that of the model itself."""
    for number in range(images):
        ours = _pictures(results.image(variant, number))
        yield from zip(ours, _pictures(eight_bits(results.reference(number)["image"])), strict=True)


def real_pictures(folder: Path, size: torch.Size) -> Tensor:
    """All pictures of a folder, brought to one size: uint8 ``[n, 3, height, width]``.

    Raises ``CompareError`` for a folder without pictures, or a file that is none.
    """
    from PIL import Image

    height, width = size
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        try:
            with Image.open(path) as image:
                resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        except Exception as error:  # whatever a broken file makes decoders raise, or one that is too large
            raise CompareError(f"{path} is no picture") from error
        found.append(torch.from_numpy(np.array(resized)).permute(2, 0, 1))
    if not found:
        raise CompareError(f"--real {folder} holds no picture ({', '.join(SUFFIXES)})")
    return torch.stack(found)
