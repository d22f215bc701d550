"""Values of JSON that a program did not write itself: each is checked, and named where it is not right."""

import json
from typing import Any

__all__ = ["expect", "number", "parse", "reason", "shown", "whole"]

_KINDS = {dict: "an object", list: "a list", int: "an integer", float: "a number", str: "a string"}

_LONGEST, _LONGEST_REASON = 100, 300
"""Characters of a value in a message, and of what a library says."""


def parse(text: str | bytes) -> Any:
    """What JSON says; ``ValueError`` for anything else, and for what is nested too deeply to be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def expect(value: Any, kind: type | tuple[type, ...], where: str) -> Any:
    """The value, if it is of that kind; else ``ValueError``. True and False are no numbers."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ValueError(f"{where} must be {_KINDS[kinds[-1]]}, not {shown(value)}")
    return value


def whole(value: Any, where: str, low: int = 0, high: int = (1 << 64) - 1) -> int:
    """An integer of ``low`` to ``high``; else ``ValueError``."""
    found: int = expect(value, int, where)
    if not low <= found <= high:
        raise ValueError(f"{where} must be {low} to {high}, not {shown(value)}")
    return found


def number(value: Any, where: str) -> float:
    """An integer or a float, as a float; else ``ValueError``."""
    try:
        return float(expect(value, (int, float), where))
    except OverflowError:
        raise ValueError(f"{where} must be a number that a float holds, not {shown(value)}") from None


def shown(value: Any) -> str:
    """As much of a value as a line has room for."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of too many digits"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def reason(error: Exception) -> str:
    """Why a file cannot be read, in a line, from what was raised: a KeyError names what is not there."""
    text = " ".join(str(error).split())[:_LONGEST_REASON]
    return f"it has no {text}" if isinstance(error, KeyError) else text or type(error).__name__
