"""Results of ``mixdit compare`` that are there already, and pictures to score by."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from mixdit.compare.comparison import CompareError, Comparison
from mixdit.compare.picture_scores import real_pictures
from mixdit.compare.results import SETTINGS, Results
from verif.hostile.inputs.documents import document
from verif.hostile.inputs.parts import join, split
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoil
from verif.hostile.inputs.tensors import tensors
from verif.hostile.targets.target import Target

__all__ = ["PICTURES", "RESULTS"]

_COMPARISON = Comparison(
    model="/none", pipeline="dit", items=(1,), steps=1, guidance=None, size=None, seed=0,
    calibration_images=1, device="cpu", threads=1,
)  # fmt: skip

_VARIANT, _IMAGE = "mx6", "00000.safetensors"


@cache
def _results() -> list[bytes]:
    """Settings, and the file of an image."""
    with TemporaryDirectory() as folder:
        results = Results(Path(folder), _COMPARISON)
        image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
        results.keep(_VARIANT, 0, ({"image": image}, {"psnr": 30.5, "seconds": 1.0}))
        parts = (Path(folder) / SETTINGS, Path(folder) / _VARIANT / _IMAGE)
        return [join([path.read_bytes() for path in parts])]


def _draw_results(random: Random, valid: Sequence[bytes]) -> bytes:
    settings, image = split(random.choice(valid))
    if random.random() < 0.5:
        return join([document(random, (settings,)), image])
    return join([settings, tensors(random, (image,))])


def _read_results(data: bytes, room: Room) -> None:
    settings, image = split(data)
    folder = room.files / _VARIANT
    folder.mkdir(exist_ok=True)
    (folder / _IMAGE).write_bytes(image)
    room.file(settings, SETTINGS)
    results = Results(room.files, _COMPARISON)
    if results.figures(_VARIANT, 0) is not None:
        results.image(_VARIANT, 0)


RESULTS = Target(
    name="results",
    share=5,
    read=_read_results,
    draw=_draw_results,
    valid=_results,
    refusals=(CompareError,),
    names_file=True,
)
"""What a comparison goes on from."""


@cache
def _pictures() -> list[bytes]:
    """One of each kind."""
    found = []
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF"):
        made = io.BytesIO()
        Image.fromarray(pixels).save(made, kind)
        found.append(made.getvalue())
    return found


def _read_picture(data: bytes, room: Room) -> None:
    folder = room.files / "pictures"
    folder.mkdir(exist_ok=True)
    (folder / "input.png").write_bytes(data)
    real_pictures(folder, torch.Size((8, 8)))


PICTURES = Target(
    name="picture",
    share=12,
    read=_read_picture,
    draw=spoil,
    valid=_pictures,
    refusals=(CompareError,),
    names_file=True,
)
"""Real pictures, for ``--real``."""
