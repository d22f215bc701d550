"""Pipelines of diffusers: loading, and one way to run them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["KINDS", "LoadError", "PipelineKind", "check_labels", "load_pipeline", "run_pipeline"]


class LoadError(OSError):
    """A pipeline cannot be loaded, or not be asked for something; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class PipelineKind:
    """An architecture that the project knows.

    Parameters
    ----------
    pipeline, transformer:
        Names of the classes in diffusers.
    takes:
        Parameter of the pipeline for what is to be sampled: ``"class_labels"`` or ``"prompt"``.
    options:
        Further arguments of every run.
    frames:
        Attribute of the transformer's configuration that says how many frames its videos have; None for
        images.
    """

    pipeline: str
    transformer: str
    takes: str
    options: dict[str, Any]
    frames: str | None = None


KINDS = {
    "dit": PipelineKind(
        pipeline="DiTPipeline", transformer="DiTTransformer2DModel", takes="class_labels", options={}
    ),
    "pixart": PipelineKind(
        pipeline="PixArtSigmaPipeline",
        transformer="PixArtTransformer2DModel",
        takes="prompt",
        options={"clean_caption": False, "use_resolution_binning": False},
    ),
    "sd3": PipelineKind(
        pipeline="StableDiffusion3Pipeline",
        transformer="SD3Transformer2DModel",
        takes="prompt",
        options={},
    ),
    "latte": PipelineKind(
        pipeline="LattePipeline",
        transformer="LatteTransformer3DModel",
        takes="prompt",
        options={"clean_caption": False},
        frames="video_length",
    ),
}
"""The architectures by the name that the command line knows them by."""


def load_pipeline(
    model: str, kind: PipelineKind, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> Any:
    """A pipeline of diffusers, quiet and ready to run.

    Parameters
    ----------
    model:
        A folder written by ``save_pretrained``, or the name of a repository on the Hugging Face Hub.
    kind:
        Its architecture.
    dtype, device:
        Of all of its models.

    Raises
    ------
    LoadError
        No such folder or repository, no connection, files of another kind, or not enough memory.
    """
    import diffusers
    import transformers
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    of_encoders: Any = transformers.utils.logging
    of_encoders.set_verbosity_error()
    of_encoders.disable_progress_bar()
    try:
        pipeline = getattr(diffusers, kind.pipeline).from_pretrained(model, dtype=dtype).to(device)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise LoadError(f"not enough memory on {device} for {model}") from error
    except (OSError, ValueError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise LoadError(f"cannot load {model!r} as {kind.pipeline}: {reason[:300]}") from error
    found = type(pipeline.transformer).__name__
    if found != kind.transformer:
        raise LoadError(f"{model!r} has a {found} where {kind.pipeline} has a {kind.transformer}")
    pipeline.set_progress_bar_config(disable=True)
    pipeline.transformer.eval()
    return pipeline


def check_labels(pipeline: Any, kind: PipelineKind, items: Sequence[Any]) -> None:
    """Raise LoadError unless the model has all classes that ``items`` ask for."""
    if kind.takes == "class_labels":
        classes = pipeline.transformer.config.num_embeds_ada_norm
        for label in items:
            if not 0 <= int(label) < classes:
                raise LoadError(f"labels must be 0 to {classes - 1}, the model's classes, not {label}")


def run_pipeline(
    pipeline: Any,
    kind: PipelineKind,
    items: Sequence[Any],
    *,
    steps: int,
    seed: int,
    guidance: float | None = None,
    size: int | None = None,
    output_type: str = "np",
) -> Any:
    """Sample images.

    Parameters
    ----------
    pipeline, kind:
        As `load_pipeline` has them.
    items:
        Class labels or prompts, one per image.
    steps:
        Denoising steps.
    seed:
        Of the initial noise.
    guidance:
        Scale of classifier-free guidance; None for the pipeline's default.
    size:
        Side of the images in pixels, where the pipeline lets one choose; None for the model's own.
    output_type:
        ``"np"``, or ``"latent"`` to leave out decoding where that is possible.

    Returns
    -------
    Images, float ``[n, height, width, 3]`` in 0 to 1, videos ``[n, frames, height, width, 3]``, or latents.
    """
    given: dict[str, Any] = {kind.takes: list(items), "num_inference_steps": steps} | kind.options
    if guidance is not None:
        given["guidance_scale"] = guidance
    if kind.takes == "class_labels":
        output_type = "np"  # this pipeline knows no latents
    elif size is not None:
        given |= {"height": size, "width": size}
    if kind.frames is not None:
        given["video_length"] = getattr(pipeline.transformer.config, kind.frames)
        size = size or pipeline.transformer.config.sample_size * pipeline.vae_scale_factor
        given |= {"height": size, "width": size}
    generator = torch.Generator("cpu").manual_seed(seed)
    output = pipeline(**given, generator=generator, output_type=output_type)
    return output.images if kind.frames is None else output.frames
