"""Lines and toggles of the simulated Verilog, counted when the environment asks for it.

``MIXDIT_COVERAGE=FOLDER`` has every simulation write its counts into a file of its own in ``FOLDER``, in the
form of Verilator's coverage data, with the Verilog beside it.
"""

import os
from itertools import count
from pathlib import Path

from mixdit.sim.design import Design

__all__ = ["ARGUMENTS", "VARIABLE", "collecting", "next_file"]

VARIABLE = "MIXDIT_COVERAGE"

ARGUMENTS = ("--coverage-line", "--coverage-toggle")
"""For Verilator; such a model is slower, and a build of its own."""

_numbers = count(1)


def collecting() -> bool:
    """Whether simulations are to count."""
    return bool(os.environ.get(VARIABLE))


def next_file(design: Design) -> Path | None:
    """Where the simulation of ``design`` that begins now puts its counts; None when it is not to count."""
    if not collecting():
        return None
    folder = Path(os.environ[VARIABLE]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{design.name}-{os.getpid()}-{next(_numbers)}.dat"
    path.with_suffix(".v").write_text(design.verilog)
    return path
