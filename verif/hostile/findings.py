"""Inputs that showed a fault, as files that can be read again."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from verif.hostile.tally import Tally
from verif.hostile.targets.target import Target

__all__ = ["keep", "replayed"]


def keep(tally: Tally, folder: Path) -> list[str]:
    """Write an input for each fault; texts that say what happened, and how to see it again."""
    texts = []
    for key, (number, verdict, count) in tally.faults.items():
        text = f"{tally.target}: {verdict.kind} {verdict.place}, {count} inputs, one of them number {number}"
        text += f"\n  {verdict.message}"
        if (data := tally.inputs.get(key)) is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{tally.target}-{hashlib.sha256(data).hexdigest()[:8]}.bin"
            path.write_bytes(data)
            text += f"\n  again: .venv/bin/python -m verif.hostile --replay {path}"
        texts.append(text)
    return texts


def replayed(path: Path, targets: Sequence[Target]) -> Target:
    """The target of a file that `keep` wrote, with that as its one input. Raises OSError, ValueError."""
    data = path.read_bytes()
    for target in targets:
        if path.name.rpartition("-")[0] == target.name:
            return replace(target, draw=partial(_given, data))
    raise ValueError(f"{path} must be called TARGET-DIGEST.bin, as inputs of findings are")


def _given(data: bytes, random: Random, valid: Sequence[bytes]) -> bytes:
    return data
