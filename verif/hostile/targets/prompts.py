"""Files of prompts, lists of labels, and parameters by name, as options give them."""

import typer

from mixdit.calibration.options import items_of, named_values
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoil
from verif.hostile.targets.target import Target

__all__ = ["PROMPTS"]

_LABELS, _VALUES = b"labels:", b"values:"


def _valid() -> list[bytes]:
    return [
        "ein Bär\r\n\r\neine Möwe\n".encode(),
        "\ufeffa bear\n".encode(),
        _LABELS + b"207,360, 387",
        _VALUES + b"stationary_tiles=32 rows=8",
    ]


def _read(data: bytes, room: Room) -> None:
    if data.startswith(_LABELS):
        items_of("class_labels", None, _argument(data.removeprefix(_LABELS)))
    elif data.startswith(_VALUES):
        named_values(_argument(data.removeprefix(_VALUES)).split(" "))
    else:
        items_of("prompt", room.file(data), None)


def _argument(data: bytes) -> str:
    """As Python gives the bytes of a command line."""
    return data.decode("utf-8", "surrogateescape")


PROMPTS = Target(
    name="prompts", share=191, read=_read, draw=spoil, valid=_valid, refusals=(typer.BadParameter, ValueError)
)
"""What one samples."""
