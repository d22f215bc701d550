"""Published networks on the device ``meta``, from their configurations."""

import functools
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from perf.workloads.extract import extract
from perf.workloads.workload import Workload

__all__ = ["MODELS", "Image", "PublishedModel", "build", "description", "published"]

_FOLDER = Path(__file__).with_name("configurations")

MODELS: tuple[str, ...] = (
    "dit-xl-2-256",
    "dit-xl-2-512",
    "pixart-sigma-1024",
    "sd3-medium-1024",
    "hunyuandit-1024",
)
"""The published networks, each a file of ``configurations``."""

GUIDANCE_BATCH = 2
"""Samples of one image in a step with guidance: with its condition and without."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """How an image is made, by the published defaults.

    Parameters
    ----------
    pixels:
        Along a side.
    steps:
        Calls of the transformer.
    guidance:
        Scale of classifier-free guidance; every step is of two samples where it is above 1.
    source:
        Where these stand.
    """

    pixels: int
    steps: int
    guidance: float
    source: str

    @property
    def batch(self) -> int:
        """Samples in a step."""
        return GUIDANCE_BATCH if self.guidance > 1 else 1


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A network with what stands before and behind it.

    Parameters
    ----------
    title:
        For tables.
    image:
        How it makes an image.
    source:
        Of the transformer's configuration.
    step:
        One call of the transformer in FP16, with guidance.
    outside:
        What an image takes once besides the steps, by name: text encoders, for both prompts, and VAE decoder.
    """

    title: str
    image: Image
    source: str
    step: Workload
    outside: Mapping[str, Workload]

    @property
    def image_flops(self) -> int:
        """FLOPs of an image with text encoders and VAE decoder."""
        return self.image.steps * self.step.flops + sum(part.flops for part in self.outside.values())


@functools.cache
def published(name: str) -> PublishedModel:
    """The network ``name``, one of ``MODELS``, with its workloads; a second or two.

    Raises
    ------
    ValueError
        For another name.
    """
    described = description(name)
    image = Image(**described["image"])
    workloads = {}
    for part in (described["transformer"], *described["outside"]):
        module, inputs = _build(part, {**described["sizes"], "batch": image.batch})
        workloads[part["name"]] = extract(module, name=f"{described['name']}, {part['name']}", **inputs)
    step = workloads.pop("transformer")
    source = described["transformer"]["source"]
    return PublishedModel(title=described["name"], image=image, source=source, step=step, outside=workloads)


def build(name: str, **sizes: int) -> tuple[nn.Module, dict[str, Any]]:
    """The transformer of ``name``, one of ``MODELS``, in FP16 on the device ``meta``, and its inputs.

    Parameters
    ----------
    name:
        Which.
    sizes:
        In place of those of its file: ``batch`` (samples, 2 for an image with guidance), ``text`` (tokens).

    Raises
    ------
    ValueError
        For another name, or a size that the network does not have.
    """
    described = description(name)
    usual = {**described["sizes"], "batch": Image(**described["image"]).batch}
    unknown = sizes.keys() - usual.keys()
    if unknown:
        raise ValueError(f"{name} has no size {sorted(unknown)[0]!r}, only {', '.join(usual)}")
    return _build(described["transformer"], {**usual, **sizes})


def description(name: str) -> Any:
    """The file of ``name``, one of ``MODELS``; ValueError for another name."""
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}, only {', '.join(MODELS)}")
    return json.loads((_FOLDER / f"{name}.json").read_text())


class _Method(nn.Module):
    """A network whose call is another method, such as a decoder's."""

    def __init__(self, module: nn.Module, method: str) -> None:
        super().__init__()
        self.module = module
        self._method = method

    def forward(self, **inputs: Any) -> Any:
        return getattr(self.module, self._method)(**inputs)


def _build(part: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[nn.Module, dict[str, Any]]:
    """A part of a description as a module, and what it is called with."""
    of_class = getattr(importlib.import_module(part["library"]), part["class"])
    with torch.device("meta"):
        if part["library"] == "transformers":
            module = of_class(of_class.config_class(**part["configuration"]))
        else:
            module = of_class(**part["configuration"])
        inputs = {key: _given(value, sizes) for key, value in part["inputs"].items()}
    if "method" in part:
        module = _Method(module, part["method"])
    return module.eval().half(), inputs


def _given(value: Any, sizes: Mapping[str, int]) -> Any:
    """An input by its description: a shape is of an FP16 tensor, an object says another kind by its key."""
    if isinstance(value, list):
        return torch.empty(_shape(value, sizes), dtype=torch.float16)
    if value is None:
        return None
    ((kind, inside),) = value.items()
    if kind == "integers":
        return torch.zeros(_shape(inside, sizes), dtype=torch.long)
    if kind == "named":
        return {key: _given(each, sizes) for key, each in inside.items()}
    return tuple(_given(each, sizes) for each in inside)


def _shape(shape: list[int | str], sizes: Mapping[str, int]) -> list[int]:
    return [sizes[size] if isinstance(size, str) else size for size in shape]
