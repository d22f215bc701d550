"""What processes do: plain values in, plain values out."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from gen.designs import ParameterError
from gen.synth.families import FAMILIES
from gen.synth.flow import run_flow
from gen.synth.request import Request
from gen.synth.subjects import SUBJECTS
from hw.target.targets import TARGETS
from mixdit.sim.toolchain import ToolchainError
from mixdit.tasks.errors import TaskError
from perf.explore.design import Design
from perf.explore.source import source_digest
from perf.explore.workload import counters_of

__all__ = ["Found", "count_cycles", "synthesize", "timed"]

Found = dict[str, Any] | str
"""Values by the names of a result's columns; a text says why there are none this time."""


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What it returns, and how many seconds it took."""
    # Engines are also made to ask them for their sizes.
    warnings.filterwarnings("ignore", r"(?s).* created but never used")
    started = monotonic()
    return function(*arguments), monotonic() - started


def count_cycles(source: str, workload: str, mix: str, engine: Design) -> Found:
    """The counters of an engine by the cycle model, or why the engine refuses the workload.

    Raises ``TaskError`` for a process with another source, or without a C++ compiler.
    """
    _check(source)
    try:
        return {name.lower(): value for name, value in counters_of(workload, mix, engine).items()}
    except ValueError as error:
        return {"refused": " ".join(str(error).split())}
    except MemoryError:
        return "not enough memory"
    except ToolchainError as error:
        raise TaskError(str(error)) from error


def synthesize(source: str, design: Design, family: str, seeds: int, store: str) -> Found:
    """Cells of a design, and its clock if it is placed.

    Raises ``TaskError`` for a process with another source, ``SynthesisError`` without the tools.
    """
    _check(source)
    request = Request(
        subject=SUBJECTS["engine"],
        family=FAMILIES[family],
        parameters=dict(design),
        dsp=TARGETS[dict(design)["target"]].multiply_add is not None,
        seeds=seeds,
        plain=False,
    )
    try:
        (result,) = run_flow([request], store=Path(store), jobs=1, show=_silent)
    except ParameterError as error:
        return str(error)
    if result.failures or result.area is None:
        return result.failures[0]
    area, timing = result.area, result.trimmed or result.plain
    chain = result.levels and result.levels.registers
    return {
        "lut": area.lut,
        "ff": area.ff,
        "block_memories": area.ram,
        "dsp": area.dsp,
        "levels": chain.levels if chain else None,
        "placed_lut": timing.comb if timing else None,
        "fmax_mhz": timing.fmax_mhz if timing else None,
    }


def _check(source: str) -> None:
    if source != source_digest():
        raise TaskError("a worker has another version of this project than the one that asks for its results")


@contextmanager
def _silent(steps: int) -> Iterator[Callable[[str], None]]:
    yield lambda step: None
