"""Tokens and condition to try a program with: those of a real forward pass, and what the blocks make of them.

An example lies beside the program in ``example.npz``: float32 ``tokens`` ``[samples * tokens, width]``,
``condition`` ``[samples, width]``, and ``floats``, the tokens behind the blocks in binary32 floating point;
of blocks with a context ``context`` too, its ``mask``, and ``context_floats``, what the blocks make of it.
"""

import zipfile
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gen.files import replacing
from mixdit.compiler.program import CONDITION, CONTEXT, MASK, TOKENS
from mixdit.json_values import reason

__all__ = ["EXAMPLE", "Example", "context_snr_db", "load_example", "save_example", "snr_db"]

EXAMPLE = "example.npz"


@dataclass(frozen=True, eq=False)
class Example:
    """What goes into blocks, and what comes out of them in floating point.

    Parameters
    ----------
    tokens, floats:
        float32 ``[samples * tokens, width]``.
    condition:
        float32 ``[samples, width]``, or as wide as a block takes it.
    context, context_floats:
        float32 ``[samples * context_tokens, context_width]``; None where there
        is none, or where blocks do not change it.
    mask:
        float32 ``[samples, context_tokens]``, 0 for a token and minus infinity for none; None for no mask.
    """

    tokens: NDArray[np.float32]
    condition: NDArray[np.float32]
    floats: NDArray[np.float32]
    context: NDArray[np.float32] | None = None
    mask: NDArray[np.float32] | None = None
    context_floats: NDArray[np.float32] | None = None

    @property
    def inputs(self) -> dict[str, NDArray[np.float32]]:
        """What a program takes, by name."""
        given = {TOKENS: self.tokens, CONDITION: self.condition, CONTEXT: self.context, MASK: self.mask}
        return {name: value for name, value in given.items() if value is not None}


def save_example(example: Example, folder: Path | str) -> None:
    """Write an example; raises ``OSError``."""
    with replacing(Path(folder) / EXAMPLE) as new, new.open("wb") as file:
        np.savez(file, **{name: value for name, value in vars(example).items() if value is not None})


def load_example(folder: Path | str) -> Example:
    """Read an example; ``OSError`` or ``ValueError`` as ``load_program``."""
    path = Path(folder) / EXAMPLE
    path.stat()  # whose errors name it
    try:
        with zipfile.ZipFile(path) as file:
            members = set(file.namelist())
            names = [f.name for f in fields(Example) if f.default is MISSING or f"{f.name}.npy" in members]
            return Example(**{name: _array(file, name) for name in names})
    # What a file of another kind makes zipfile and NumPy raise: they document less than they do.
    except Exception as error:
        raise ValueError(f"{path} is not an example: {reason(error)}") from error


def _array(file: zipfile.ZipFile, name: str) -> NDArray[np.float32]:
    """A matrix of floats of an archive of NumPy's."""
    with file.open(f"{name}.npy") as member:
        array = np.lib.format.read_array(member)
    if array.dtype.kind != "f" or array.ndim != 2:
        raise ValueError(f"{name} must be a matrix of floats, not {array.dtype} of shape {array.shape}")
    return array.astype(np.float32)


def snr_db(values: NDArray[np.float32], example: Example) -> float:
    """Power of what the blocks add to the tokens over that of what differs in ``values``, in decibels."""
    return _decibels(values, example.floats, example.tokens)


def context_snr_db(values: NDArray[np.float32], example: Example) -> float | None:
    """The same of the context; None where the blocks do not change it."""
    if example.context is None or example.context_floats is None:
        return None
    return _decibels(values, example.context_floats, example.context)


def _decibels(*arrays: NDArray[np.float32]) -> float:
    found, exact, before = (np.asarray(a, np.float64) for a in arrays)
    return float(10 * np.log10(np.square(exact - before).sum() / np.square(found - exact).sum()))
