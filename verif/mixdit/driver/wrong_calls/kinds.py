"""What an argument cannot be."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from golden import MX6, MXINT8, Format
from golden.engine import (
    DIMENSION_LIMIT,
    MemoryFormat,
)
from verif.mixdit.driver.wrong_calls.world import A, K, M, World, rows


@dataclass(frozen=True)
class WrongCall:
    """A call, and the error with which it must end: its class, and a pattern of what it says."""

    name: str
    call: Callable[[World], object]
    error: type[Exception]
    says: str


NOT_INTS = {"float": 2.0, "text": "2", "bool": True, "complex": 1j, "list": [1], "NumPy float": np.float32(2)}
FLAGLESS = {"int": 1, "None": None, "text": "yes", "float": 1.0, "array": np.array([True, False])}
ARRAYS = {
    "float32": rows(1, M, K),
    "float64": rows(1, M, K).astype(np.float64),
    "float16": rows(1, M, K).astype(np.float16),
    "int8": np.ones((M, K), np.int8),
    "bool": np.ones((M, K), bool),
    "list": [[1.0] * K] * M,
}
NO_SECONDS = {
    "NaN": (float("nan"), ValueError),
    "zero": (0, ValueError),
    "negative": (-1.0, ValueError),
    "minus infinity": (float("-inf"), ValueError),
    "text": ("1", TypeError),
    "None": (None, TypeError),
    "bool": (True, TypeError),
    "list": ([1], TypeError),
}
NO_FORMATS = {
    "text": ("MX6", TypeError),
    "None": (None, TypeError),
    "code": (1, TypeError),
    "bool": (True, TypeError),
    "dtype": (np.float32, TypeError),
    "MXINT8": (MXINT8, ValueError),
    "code of MXINT8": (MemoryFormat.MXINT8, ValueError),
    "a new format": (Format(name="MX5", element_bits=4, block_size=16, subblock_size=2, code=1), ValueError),
    "another MX6": (replace(MX6, element_bits=4), ValueError),
}
NO_SHAPES = {
    "floats": ((2.0, 3), TypeError),
    "text": ("ab", TypeError),
    "an int": (6, TypeError),
    "None": (None, TypeError),
    "a set": ({1, 2}, TypeError),
    "bools": ((True, True), TypeError),
    "one axis": ((6,), ValueError),
    "three axes": ((1, 2, 3), ValueError),
    "no rows": ((0, 3), ValueError),
    "no columns": ((3, 0), ValueError),
    "negative": ((-2, 3), ValueError),
    "NumPy's negative": ((np.int64(2), np.int64(-3)), ValueError),
    "too many rows": ((DIMENSION_LIMIT + 1, 1), ValueError),
    "too many columns": ((1, DIMENSION_LIMIT + 1), ValueError),
}


def not_ints(name: str, argument: str, call: Callable[[World, object], object], says: str = ""):
    for kind, value in NOT_INTS.items():
        yield WrongCall(
            f"{name}: {argument} {kind}",
            lambda w, value=value: call(w, value),
            TypeError,
            f"^{says or argument} must be an int, not ",
        )


def wrong_matrices(name: str, arguments: dict[str, str], call: Callable[[World, dict[str, object]], object]):
    """A call with things in place of its matrices: ``arguments`` names those of a `World` that are right."""
    for argument in arguments:

        def replaced(w, value, argument=argument):
            given = {key: getattr(w, attribute) for key, attribute in arguments.items()}
            return call(w, given | {argument: value})

        for kind, value in {"tensor": A, "array": ARRAYS["float32"], "int": 5, "text": "a"}.items():
            yield WrongCall(
                f"{name}: {argument} {kind}",
                lambda w, c=replaced, v=value: c(w, v),
                TypeError,
                f"^{argument} must be (a matrix in memory|what store_permutation gave).*, not",
            )
        permutation = "permutation" in argument
        for kind in ("freed", "foreign"):
            yield WrongCall(
                f"{name}: {argument} {kind}",
                lambda w, c=replaced, k=kind + "_permutation" * permutation: c(w, getattr(w, k)),
                ValueError,
                f"^{argument} " + ("was freed" if kind == "freed" else "must be from this object"),
            )
