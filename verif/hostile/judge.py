"""What became of one input."""

import traceback
from dataclasses import dataclass
from pathlib import Path

from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Target

__all__ = ["ACCEPTED", "REFUSED", "Verdict", "judge"]

_ROOT = Path(__file__).resolve().parents[2]

_LONGEST = 2000
"""Characters of what is said about a file that somebody may still read."""


@dataclass(frozen=True)
class Verdict:
    """What became of an input.

    Parameters
    ----------
    kind:
        ``"accepted"``, ``"refused"``, or the kind of fault: ``"error"``, ``"message"``, ``"memory"``,
        ``"output"``, ``"hang"``, ``"end"`` (of the process).
    place:
        Where a fault lies: faults of one kind in one place count as the same.
    message:
        What was said.
    """

    kind: str
    place: str = ""
    message: str = ""


ACCEPTED, REFUSED = Verdict("accepted"), Verdict("refused")


def judge(target: Target, data: bytes, room: Room) -> Verdict:
    """Have ``target`` read ``data``."""
    try:
        target.read(data, room)
    except Exception as error:
        verdict = _of_error(target, error, room)
    else:
        verdict = ACCEPTED
    if left := room.left():
        room.clear()
        if verdict is REFUSED:
            return Verdict("output", left[0], f"refused, but left {', '.join(left)}")
    return verdict


def _of_error(target: Target, error: Exception, room: Room) -> Verdict:
    text, name = str(error), type(error).__name__
    kind = "error"
    # The project's own refusals for want of room have a text; that of Python and of NumPy's are blow-ups.
    if isinstance(error, MemoryError) and not (type(error) is MemoryError and text):
        kind = "memory"
    elif type(error) in target.refusals or (OSError in target.refusals and isinstance(error, OSError)):
        fault = _fault(target, text, room)
        if fault is None:
            return REFUSED
        kind, name = "message", f"{name}, {fault}"
    return Verdict(kind, _place(error), f"{name}: {text}"[:_LONGEST])


def _fault(target: Target, text: str, room: Room) -> str | None:
    """What is wrong with the text of a refusal."""
    if not text.strip():
        return "which says nothing"
    if target.names_file and str(room.files) not in text:
        return "which names no file"
    if target.names_file and len(text) > _LONGEST:
        return f"of {len(text)} characters"
    return None


def _place(error: BaseException) -> str:
    """The innermost line of this project, targets aside, that was running."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if Path(frame.filename).is_relative_to(_ROOT) and "site-packages" not in frame.filename
    ]
    last = (ours or list(frames))[-1]
    path = Path(last.filename)
    shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path.name
    return f"{shown}:{last.lineno} {last.name}, {type(error).__name__}"
