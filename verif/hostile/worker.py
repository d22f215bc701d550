"""A batch of inputs in a process of its own, which may hang, end, or run out of memory."""

import os
import resource
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from verif.hostile.inputs.room import Room
from verif.hostile.judge import ACCEPTED, REFUSED, judge
from verif.hostile.targets.target import Target

__all__ = ["MEMORY", "Batch", "input_of", "work"]

MEMORY = 512 << 20
"""Bytes that a worker may ask for beyond what it has when it begins."""

_KEPT = 3
"""Inputs of a batch that are kept for each fault."""


@dataclass(frozen=True)
class Batch:
    """Inputs ``start`` to ``stop`` of a target, from ``seed``."""

    target: Target
    valid: Sequence[bytes]
    seed: int
    start: int
    stop: int


def input_of(batch: Batch, number: int) -> bytes:
    """One input: a function of target, seed and number."""
    random = Random(f"{batch.target.name}/{batch.seed}/{number}")
    return batch.target.draw(random, batch.valid)


def work(batch: Batch, folder: str, shared: Any, results: Connection) -> None:
    """Judge a batch, with files in a folder of its own below ``folder``.

    ``shared`` has the number of the input at work, how many were accepted and refused, and whether the first
    one has begun. To ``results`` go
    number, verdict and input of each fault, the input only while that fault has few.
    """
    _settle_down()
    seen: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(dir=folder) as mine:
        room = Room(Path(mine))
        shared[3] = 1
        for number in range(batch.start, batch.stop):
            shared[0] = number
            data = input_of(batch, number)
            verdict = judge(batch.target, data, room)
            if verdict is ACCEPTED:
                shared[1] += 1
            elif verdict is REFUSED:
                shared[2] += 1
            else:
                fault = (verdict.kind, verdict.place)
                seen[fault] += 1
                results.send((number, verdict, data if seen[fault] <= _KEPT else None))
        shared[0] = batch.stop


def _settle_down() -> None:
    """One thread, quiet, no warnings, and little memory."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("error")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
