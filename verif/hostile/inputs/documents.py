"""JSON whose structure is right and whose content is not, and some that is no JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from verif.hostile.inputs.spoil import spoiled

__all__ = ["changed", "document", "text_of"]

_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 15, 16, 17, 255, 1 << 20, 1 << 31, 1 << 32, 1 << 40, (1 << 63) - 1,
    1 << 63, 1 << 64, -(1 << 63), 10**30, 10**400, 0.5, -0.0, 1e308, -1e308, float("nan"), float("inf"),
    float("-inf"), "", "MX6", "MX9", "MXINT8", "weight", "\0", "\ud800", "../..", "a" * 5000, "é\n", "1",
    [], {}, [[]], [None], {"": None}, [0] * 300, {"q": "MX6"}, [1, 2], [0, 1 << 62],
)  # fmt: skip


def document(random: Random, valid: Sequence[bytes]) -> bytes:
    """One of the valid documents, changed."""
    if random.random() < 0.05:
        return random.choice(_ODD)(random.choice(valid))
    data = text_of(random, changed(random, json.loads(random.choice(valid)))).encode(errors="surrogatepass")
    return spoiled(random, data) if random.random() < 0.1 else data


def changed(random: Random, value: Any) -> Any:
    """A value of JSON with one to three things other than they were; in place, but for its root."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(value))
        if not places or random.random() < 0.01:
            return random.choice(_SCALARS)
        parent, key = random.choice(places)
        random.choice(_CHANGES)(random, parent, key, places)
    return value


def text_of(random: Random, value: Any) -> str:
    """As JSON, sometimes with a member twice."""
    text = json.dumps(value)
    if random.random() < 0.03 and text.startswith("{") and len(text) > 2:
        members = list(value.items())
        name, member = random.choice(members)
        text = text[:-1] + f", {json.dumps(name)}: {json.dumps(random.choice((member, *_SCALARS)))}}}"
    return text


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member: its object or list, and its name or number there."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _replace(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    parent[key] = json.loads(json.dumps(random.choice(_SCALARS)))  # a copy


def _delete(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    del parent[key]


def _add(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    if isinstance(parent, list):
        parent.insert(key, parent[key])
    else:
        parent[random.choice(("unknown", "", f"{key}x"))] = parent[key]


def _swap(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    other, where = random.choice(places)
    taken = json.dumps(parent[key]), json.dumps(other[where])  # one may lie within the other
    parent[key] = json.loads(taken[1])
    if not (isinstance(other, dict | list) and other is parent):
        other[where] = json.loads(taken[0])


def _wrap(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    parent[key] = random.choice(([parent[key]], {"value": parent[key]}, [parent[key]] * 2))


def _nudge(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    """A number a little other than it was, or another number's sign, or type."""
    value = parent[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        parent[key] = random.choice(
            (value + 1, value - 1, -value, value * 2, value * 1000, value // 2, str(value))
        )
    elif isinstance(value, str):
        parent[key] = random.choice((value + "x", value[:-1], value.lower(), [value], 7))


def _deepen(random: Random, parent: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    if random.random() < 0.2:
        for _ in range(200):
            parent[key] = [parent[key]]


_CHANGES: tuple[Callable[[Random, Any, Any, list[tuple[Any, Any]]], None], ...] = (
    _replace, _replace, _replace, _delete, _add, _swap, _wrap, _nudge, _nudge, _deepen,
)  # fmt: skip

_ODD: tuple[Callable[[bytes], bytes], ...] = (
    lambda valid: b"",
    lambda valid: b"[" * 100_000,
    lambda valid: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    lambda valid: b"[" * 800 + b"]" * 800,
    lambda valid: b"\xef\xbb\xbf" + valid,
    lambda valid: valid.decode().encode("utf-16"),
    lambda valid: b"1" * 5000,
    lambda valid: b"NaN",
    lambda valid: valid + valid,
    lambda valid: valid.replace(b":", b": 1e999 :", 1),
    lambda valid: b"\xff\xfe\x00",
)
"""No JSON, or nothing like the valid one."""
