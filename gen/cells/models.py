"""Models of the cells of a design, for simulators that do not have the vendor's."""

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["cell_models", "placed_cells"]

_MODULE = re.compile(r"^module (\w+)", re.MULTILINE)
_PLACED = re.compile(r"^  (\w+) (?:#\($|\\?\S+ ?\($)", re.MULTILINE)


def placed_cells(texts: Iterable[str]) -> list[str]:
    """Cells that the Verilog ``texts`` of a design place: what they instantiate and do not define."""
    text = "\n".join(texts)
    return sorted({*_PLACED.findall(text)} - {*_MODULE.findall(text)})


def cell_models(cells: Iterable[str]) -> str:
    """Verilog-2005 models of ``cells``, under the vendor's names.

    Each stands under a guard, so that those of several designs go into one simulation. Raises LookupError for
    a cell without a model.
    """
    return "\n".join(map(_guarded_model, cells))


def _guarded_model(cell: str) -> str:
    path = Path(__file__).parent / f"{cell}.v"
    if not path.is_file():
        raise LookupError(f"no simulation model of {cell}")
    guard = f"MIXDIT_CELL_{cell}"
    return f"`ifndef {guard}\n`define {guard}\n{path.read_text(encoding='utf-8')}`endif\n"
