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
from numpy.typing import NDArray

from gen.files import replacing, write_text
from golden.engine import ENTRY_BYTES, Descriptor, EngineParameters, MemoryFormat, check
from mixdit.compiler.program import CONDITION, TOKENS, Constant, Job, NamedMatrix, Program
from mixdit.json_values import expect, parse, reason, shown, whole

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
    text = path.read_bytes()
    try:
        value = expect(parse(text), dict, "it")
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise ValueError(f"it must have format {FORMAT!r} and version {VERSION}")
        program = _from_json(value, image)
        same = _image_size(program) == image.size and program.image().tobytes() == image.tobytes()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a program: {reason(error)}") from error
    if not same:
        raise ValueError(f"{path.parent / IMAGE} does not belong to {path}")
    for job in program.jobs:
        if code := check(job.descriptor, program.parameters):
            raise ValueError(
                f"{path} is not a program: no engine takes job {shown(job.name)}: {code.meaning}"
            )
    return program


def _image_size(program: Program) -> int:
    """Bytes that an image has whose list of jobs is its end."""
    return program.list_address + ENTRY_BYTES * len(program.jobs) - program.memory.start


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


def _from_json(value: Any, image: NDArray[np.uint8]) -> Program:
    start, stop = (whole(each, "memory") for each in expect(value["memory"], list, "memory"))
    memory = range(start, stop)
    matrices = tuple(_matrix(each, memory) for each in expect(value["matrices"], list, "matrices"))
    floats = {matrix.name for matrix in matrices if _is_plain(matrix)}
    # Files of before there were other inputs do not name them.
    inputs, outputs = (
        tuple(_name(each, floats, key) for each in expect(value.get(key, usual), list, key))
        for key, usual in (("inputs", [TOKENS, CONDITION]), ("outputs", [TOKENS]))
    )
    return Program(
        parameters=EngineParameters(**expect(value["parameters"], dict, "parameters")),
        samples=whole(value["samples"], "samples", 1),
        jobs=tuple(_job(each) for each in expect(value["jobs"], list, "jobs")),
        constants=tuple(
            _constant(each, memory, image) for each in expect(value["constants"], list, "constants")
        ),
        matrices=matrices,
        memory=memory,
        list_address=whole(value["list_address"], "list_address", start, max(start, stop)),
        inputs=inputs,
        outputs=outputs,
    )


def _job(value: Any) -> Job:
    job = expect(value, dict, "a job")
    words = [whole(word, "a word", 0, 0xFFFFFFFF) for word in expect(job["words"], list, "words")]
    # Files of before jobs said it do not name heads.
    of_head = job.get("of_head")
    if of_head is not None:
        sample, head = (whole(each, "of_head") for each in expect(of_head, list, "of_head"))
        of_head = (sample, head)
    return Job(expect(job["name"], str, "a job's name"), Descriptor.from_words(words), of_head)


def _constant(value: Any, memory: range, image: NDArray[np.uint8]) -> Constant:
    constant = expect(value, dict, "a constant")
    name = expect(constant["name"], str, "a constant's name")
    address, size = (whole(constant[key], key) for key in ("address", "size"))
    start = address - memory.start
    data = image[start : start + size]
    if start < 0 or data.size != size:
        raise ValueError(f"{shown(name)} is not in {IMAGE}")
    return Constant(name, address, data)


def _matrix(value: Any, memory: range) -> NamedMatrix:
    matrix = expect(value, dict, "a matrix")
    name = expect(matrix["name"], str, "a matrix's name")
    for key in ("address", "pitch"):
        whole(matrix[key], key)
    kind = expect(matrix["format"], str, "format")
    shape = tuple(expect(matrix["shape"], list, "shape"))
    found = NamedMatrix(**matrix | {"format": MemoryFormat[kind], "shape": shape})
    if (
        found.pitch < found.row_bytes
        or found.address < memory.start
        or found.address + found.size > memory.stop
    ):
        raise ValueError(f"{shown(name)} must lie within memory, its rows one behind the other")
    return found


def _is_plain(matrix: NamedMatrix) -> bool:
    """Whether a host can write it in one piece: binary32, without gaps."""
    return matrix.format == MemoryFormat.BINARY32 and matrix.size == matrix.shape[0] * matrix.row_bytes


def _name(value: Any, floats: set[str], where: str) -> str:
    if expect(value, str, where) not in floats:
        raise ValueError(f"{where} must name matrices of binary32 without gaps, not {shown(value)}")
    return str(value)
