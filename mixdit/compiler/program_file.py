"""Programs in a folder: ``program.json`` and ``memory.bin``.

``memory.bin`` is what memory holds before the first job, from the program's first address on: all constants,
and the jobs as a list, zeros between them. ``program.json`` says where everything lies. A host needs nothing
else: it copies the one file to memory, writes tokens and condition, rings the doorbell for lists, and reads
tokens.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gen.files import replacing, write_text
from golden.engine import Descriptor, EngineParameters, MemoryFormat
from mixdit.compiler.program import CONDITION, TOKENS, Constant, Job, NamedMatrix, Program

__all__ = ["IMAGE", "MAP", "load_program", "save_program"]

MAP, IMAGE = "program.json", "memory.bin"

FORMAT, VERSION = "mixdit-program", 1


def save_program(program: Program, folder: Path | str) -> None:
    """Write a program; raises ``OSError``."""
    folder = Path(folder)
    with replacing(folder / IMAGE) as new:
        new.write_bytes(program.image().tobytes())
    write_text(folder / MAP, json.dumps(_to_json(program), indent=1) + "\n")


def load_program(folder: Path | str) -> Program:
    """Read a program.

    Raises
    ------
    OSError
        No such files.
    ValueError
        Files that are no program; the message names them.
    """
    path = Path(folder) / MAP
    image = np.frombuffer((path.parent / IMAGE).read_bytes(), np.uint8)
    text = path.read_text("utf-8")
    try:
        value = json.loads(text)
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise ValueError(f"it must have format {FORMAT!r} and version {VERSION}")
        program = _from_json(value, image)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{path} is not a program: {reason}") from error
    if program.image().tobytes() != image.tobytes():
        raise ValueError(f"{path.parent / IMAGE} does not belong to {path}")
    return program


def _to_json(program: Program) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "parameters": asdict(program.parameters),
        "samples": program.samples,
        "memory": [program.memory.start, program.memory.stop],
        "list_address": program.list_address,
        "inputs": program.inputs,
        "outputs": program.outputs,
        "jobs": [
            {"name": job.name, "words": job.descriptor.words(), "of_head": job.of_head}
            for job in program.jobs
        ],
        "constants": [
            {"name": constant.name, "address": constant.address, "size": constant.data.size}
            for constant in program.constants
        ],
        "matrices": [asdict(matrix) | {"format": matrix.format.name} for matrix in program.matrices],
    }


def _pair(given: Any) -> tuple[int, int] | None:
    if given is None:
        return None
    sample, head = given
    return sample, head


def _from_json(value: Any, image: np.ndarray[Any, np.dtype[np.uint8]]) -> Program:
    memory = range(*value["memory"])
    constants = []
    for each in value["constants"]:
        start = each["address"] - memory.start
        data = image[start : start + each["size"]]
        if start < 0 or data.size != each["size"]:
            raise ValueError(f"{each['name']} is not in {IMAGE}")
        constants.append(Constant(each["name"], each["address"], data))
    return Program(
        parameters=EngineParameters(**value["parameters"]),
        samples=value["samples"],
        # Files of before jobs said it do not name heads.
        jobs=tuple(
            Job(job["name"], Descriptor.from_words(job["words"]), _pair(job.get("of_head")))
            for job in value["jobs"]
        ),
        constants=tuple(constants),
        matrices=tuple(
            NamedMatrix(**m | {"format": MemoryFormat[m["format"]], "shape": tuple(m["shape"])})
            for m in value["matrices"]
        ),
        memory=memory,
        list_address=value["list_address"],
        # Files of before there were other inputs do not name them.
        inputs=tuple(value.get("inputs", (TOKENS, CONDITION))),
        outputs=tuple(value.get("outputs", (TOKENS,))),
    )
