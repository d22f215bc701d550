"""Command lines of ``mixdit``, called in this process."""

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from random import Random
from typing import Any

import typer

from gen import application
from gen.cli import main
from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Target

__all__ = ["COMMAND_LINES"]

_ROOM = "ROOM"
"""Stands for the folder of files, which has other names in other processes."""

_FILES = {"empty": b"", "list": b"[]", "object": b"{}", "binary": bytes(range(256)), "text": b"x\n"}

_VALUES = (
    "", "0", "1", "2", "-1", "3", "8", "64", "65", "1.5", "nan", "inf", "1e400", "0x10", "1_0", "９",
    "9" * 30, "9" * 1000, "-9999999999999999999", "True", "none", "all", "mx_array", "MX6", "mx6",
    "digits-16", "dit", "ecp5", "a=b", "rows=4", "rows=", "=", "rows=-1", "1,2", ",", "\udcff",
    "\x1b[31m", "[red]", "[/]", "%s{}", "a\nb", "é" * 300, "..", ".", "/", "/proc/none", "/dev/null",
    "/dev/full", "golden:Format", "no.such:thing", "os:path",
    *(f"{_ROOM}/{name}" for name in (*_FILES, "missing", "missing/x", "empty/x", "")),
)  # fmt: skip

_WRITE_NOWHERE = ("--output", "/proc/none")

_STOPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "verilog": (("--cols", "5"), ("--rows", "65"), ("--top", "mx_array", "--name", "1st")),
    "synth": (("--design", "nothing"), ("--seeds", "x")),
    "place": (("--top", "mx_converter"), ("--rows", "0")),
    "calibrate": (_WRITE_NOWHERE, ("--model", f"{_ROOM}/missing")),
    "compare": (("--model", f"{_ROOM}/missing"), ("--pipeline", "none")),
    "search": (("--source", f"{_ROOM}/empty"), ("--source", f"{_ROOM}/missing")),
    "explore": (_WRITE_NOWHERE, ("--jobs", "x")),
    "train-digits": (_WRITE_NOWHERE,),
    "quality": (_WRITE_NOWHERE,),
    "sample": (_WRITE_NOWHERE, ("--variant", "none")),
    "compile": (("--plan", f"{_ROOM}/list"), ("--packed", f"{_ROOM}/binary"), ("--model", f"{_ROOM}/object")),
    "run": (("--json", "--engine", "model"),),
    "draw": (_WRITE_NOWHERE, ("--output", "x.txt"), ("--model", f"{_ROOM}/text")),
    "demo": (_WRITE_NOWHERE,),
    "speedup": (("--json", "more"),),
    "targets": (),
    "registers": (),
    "doctor": (("--json", "more"),),
}
"""What ends a command before it does work, whatever is given beside it: only light ones have nothing."""


@cache
def _options() -> dict[str, list[tuple[str, bool]]]:
    """Options of each command, and whether they take a value."""
    points = [*application.OWN, *entry_points(group="mixdit.commands")]
    group: Any = typer.main.get_command(application.application(points))
    return {
        name: [
            (option, not parameter.is_flag)
            for parameter in command.params
            if parameter.param_type_name != "argument"
            for option in (*parameter.opts, *parameter.secondary_opts)
        ]
        for name, command in group.commands.items()
    }


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    name = random.choice(list(_STOPS))
    words = [name]
    for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
        if random.random() < 0.85:
            option, takes = random.choice(_options()[name])
            words += [option, random.choice(_VALUES)] if takes else [option]
        else:
            words.append(random.choice((*_VALUES, "--wash", "-z", "--", "--help")))
    words += random.choice(_STOPS[name]) if _STOPS[name] else ()
    if random.random() < 0.03:
        words[0] = random.choice(_VALUES)
    return b"\0".join(word.encode(errors="surrogateescape") for word in words)


def _read(data: bytes, room: Room) -> None:
    for name, content in _FILES.items():
        room.file(content, name)
    text = data.decode(errors="surrogateescape")
    words = [word.replace(_ROOM, str(room.files)) for word in text.split("\0")]
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.chdir(room.output)
    said, printed = io.StringIO(), io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(printed):
            main(words)
    except SystemExit as exit_:
        _check(exit_.code, said.getvalue())
    finally:
        os.chdir(Path(__file__).parent)


def _check(code: Any, said: str) -> None:
    """One line, and an exit code other than 0, is a refusal; nothing, and 0, is none."""
    if code == 0:
        assert not said, f"exit code 0, but: {said}"
        return
    assert code in (1, 2), f"exit code {code!r}"
    assert said.startswith("mixdit: "), said
    assert said.count("\n") == 1, said
    raise RefusedError(said)


class RefusedError(Exception):
    """The command says what is wrong."""


COMMAND_LINES = Target(
    name="command-line", share=0.6, read=_read, draw=_draw, refusals=(RefusedError,), seconds=60
)
"""Lines that are refused leave nothing in the folder that they are called in."""
