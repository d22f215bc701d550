"""FID, Inception score and CLIP score with their real networks, for real models and data.

Through torchmetrics. The published networks take torch-fidelity (``pip install torch-fidelity``) besides, and
weights, which are downloaded. The project's own tables do without: Inception says little about 8x8 pixels.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.quality.clip import load_clip

__all__ = ["standard_scores"]

BATCH = 32
CLIP = "openai/clip-vit-base-patch16"


@torch.inference_mode()
def standard_scores(
    images: Tensor,
    real: Tensor | None = None,
    prompts: Sequence[str] | None = None,
    *,
    inception: int | nn.Module = 2048,
    classes: str | nn.Module | None = "logits_unbiased",
    clip: str | Callable[[], tuple[Any, Any]] = CLIP,
) -> dict[str, float]:
    """Score generated images as papers do.

    Parameters
    ----------
    images, real:
        uint8 ``[n, 3, height, width]``: generated and real ones. Compare distances of equal n only. Without
        real ones, there is no distance.
    prompts:
        The text of each generated image; without, there is no CLIP score.
    inception, classes, clip:
        Networks, as ``FrechetInceptionDistance``, ``InceptionScore`` and ``CLIPScore`` of torchmetrics take
        them, or what `load_clip` loads; by default the published ones. Without ``classes``, there is no
        Inception score.

    Returns
    -------
    ``fid``, ``inception_score`` and ``clip_score``, as far as asked for.

    Raises
    ------
    ModuleNotFoundError
        Published networks without torch-fidelity.
    TypeError
        Images that are not uint8.
    ValueError
        Images of another shape, or another number of prompts.
    """
    for name, x in (("images", images), ("real", real)):
        if x is None:
            continue
        if x.dtype != torch.uint8:
            raise TypeError(f"{name} must be uint8, not {x.dtype}")
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"{name} must have shape [n, 3, height, width], not {list(x.shape)}")
    if prompts is not None and len(prompts) != len(images):
        raise ValueError(f"prompts must hold {len(images)} texts, one per image, not {len(prompts)}")
    result = {}
    if real is not None:
        from torchmetrics.image.fid import FrechetInceptionDistance

        distance = FrechetInceptionDistance(inception)
        for batch in real.split(BATCH):
            distance.update(batch, real=True)
        for batch in images.split(BATCH):
            distance.update(batch, real=False)
        result["fid"] = distance.compute().item()
    if classes is not None:
        from torchmetrics.image.inception import InceptionScore

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the score says that it keeps all logits
            score = InceptionScore(classes)
        for batch in images.split(BATCH):
            score.update(batch)
        result["inception_score"] = score.compute()[0].item()
    if prompts is not None:
        from torchmetrics.multimodal.clip_score import CLIPScore

        agreement = CLIPScore(partial(load_clip, clip) if isinstance(clip, str) else clip)
        for start in range(0, len(images), BATCH):
            agreement.update(images[start : start + BATCH], list(prompts[start : start + BATCH]))
        result["clip_score"] = agreement.compute().item()
    return result
