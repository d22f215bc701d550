"""Compiled programs and their examples: reading them, and ``mixdit run``."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from golden.engine import EngineParameters
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.example import EXAMPLE, Example, load_example, save_example
from mixdit.compiler.job_table import job_table, matrix_table
from mixdit.compiler.program import Program
from mixdit.compiler.program_file import IMAGE, MAP, load_program, save_program
from mixdit.compiler.random_weights import random_weights
from mixdit.compiler.run_command import run_example
from mixdit.driver import EngineError
from verif.hostile.inputs.archives import archive
from verif.hostile.inputs.documents import document
from verif.hostile.inputs.parts import join, split
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoiled
from verif.hostile.targets.target import Target

__all__ = ["EXAMPLES", "PROGRAMS", "RUNS"]

_FILES = (MAP, IMAGE, EXAMPLE)


@cache
def _valid() -> list[bytes]:
    """A program of the smallest block, with its example."""
    weights = random_weights(np.random.default_rng(0), heads=1, head_width=16, hidden=16)
    parameters = EngineParameters(reorder_columns=64, function_lanes=1)
    program = compile_blocks([(weights, BlockPlan.uniform(weights))], tokens=1, parameters=parameters)
    rows = np.random.default_rng(1).standard_normal((3, 1, 16), np.float32)
    with TemporaryDirectory() as folder:
        save_program(program, folder)
        save_example(Example(*rows), folder)
        return [join([(Path(folder) / name).read_bytes() for name in _FILES])]


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    program, image, example = split(random.choice(valid))
    way = random.random()
    if way < 0.8:
        program = document(random, (program,))
    elif way < 0.95:
        image = spoiled(random, image)
    else:
        example = archive(random, (example,))
    return join([program, image, example])


def _load(data: bytes, room: Room) -> Program:
    for name, part in zip(_FILES, split(data), strict=True):
        room.file(part, name)
    return load_program(room.files)


def _read(data: bytes, room: Room) -> None:
    program = _load(data, room)
    job_table(program)
    matrix_table(program)
    save_program(program, room.output)


def _run(data: bytes, room: Room) -> None:
    run_example(_load(data, room), load_example(room.files), rtl=False)


PROGRAMS = Target(
    name="program",
    share=5,
    read=_read,
    draw=_draw,
    valid=_valid,
    refusals=(ValueError, OSError),
    names_file=True,
)
"""Reading, tables, and writing it again."""

RUNS = Target(
    name="run",
    share=1,
    read=_run,
    draw=_draw,
    valid=_valid,
    refusals=(ValueError, TypeError, MemoryError, EngineError),
)
"""On the golden engine; what ``mixdit run`` does."""


def _examples() -> list[bytes]:
    return [split(data)[2] for data in _valid()]


def _read_example(data: bytes, room: Room) -> None:
    room.file(data, EXAMPLE)
    load_example(room.files)


EXAMPLES = Target(
    name="example",
    share=25,
    read=_read_example,
    draw=archive,
    valid=_examples,
    refusals=(ValueError, OSError),
    names_file=True,
)
"""Examples alone."""
