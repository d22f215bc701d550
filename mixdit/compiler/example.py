"""Tokens and condition to try a program with: those of a real forward pass, and what the blocks make of them.

An example lies beside the program in ``example.npz``: float32 ``tokens`` ``[samples * tokens, width]``,
``condition`` ``[samples, width]``, and ``floats``, the tokens behind the blocks in binary32 floating point.
"""

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gen.files import replacing

__all__ = ["EXAMPLE", "Example", "load_example", "save_example", "snr_db"]

EXAMPLE = "example.npz"


@dataclass(frozen=True, eq=False)
class Example:
    """What goes into blocks, and what comes out of them in floating point.

    Parameters
    ----------
    tokens, floats:
        float32 ``[samples * tokens, width]``.
    condition:
        float32 ``[samples, width]``.
    """

    tokens: NDArray[np.float32]
    condition: NDArray[np.float32]
    floats: NDArray[np.float32]


def save_example(example: Example, folder: Path | str) -> None:
    """Write an example; raises ``OSError``."""
    with replacing(Path(folder) / EXAMPLE) as new, new.open("wb") as file:
        np.savez(file, **vars(example))


def load_example(folder: Path | str) -> Example:
    """Read an example; ``OSError`` or ``ValueError`` as ``load_program``."""
    path = Path(folder) / EXAMPLE
    try:
        with np.load(path) as file:
            return Example(*(file[field.name].astype(np.float32) for field in fields(Example)))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not an example: {error}") from error


def snr_db(values: NDArray[np.float32], example: Example) -> float:
    """Power of what the blocks add to the tokens over that of what differs in ``values``, in decibels."""
    exact, before, found = (np.asarray(a, np.float64) for a in (example.floats, example.tokens, values))
    return float(10 * np.log10(np.square(exact - before).sum() / np.square(found - exact).sum()))
