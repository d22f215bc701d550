"""Wrong calls about matrices in memory."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden import MX6
from golden.engine import (
    DIMENSION_LIMIT,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    ARRAYS,
    NO_FORMATS,
    NO_SHAPES,
    WrongCall,
    not_ints,
    wrong_matrices,
)
from verif.mixdit.driver.wrong_calls.world import A, K, M


def memory_calls() -> Iterator[WrongCall]:
    for method in ("load", "free"):
        yield from wrong_matrices(
            method, {"matrix": "a"}, lambda w, given, method=method: getattr(w.gemm, method)(**given)
        )
        yield WrongCall(
            f"{method}: None",
            lambda w, method=method: getattr(w.gemm, method)(None),
            TypeError,
            "^matrix must be a matrix in memory",
        )
    yield WrongCall(
        "load: permutation", lambda w: w.gemm.load(w.permutation), TypeError, "^matrix must be a m"
    )
    yield WrongCall(
        "free: permutation twice", lambda w: w.gemm.free(w.freed_permutation), ValueError, "^matrix was freed"
    )
    for name, part in {
        "the first rows": lambda w: w.a.rows(0, 2),
        "the last rows": lambda w: w.a.rows(2, M),
        "fewer columns": lambda w: replace(w.a, shape=(M, 16)),
    }.items():
        yield WrongCall(
            f"free: {name}",
            lambda w, part=part: w.gemm.free(part(w)),
            ValueError,
            "^matrix must be what store or empty gave, not some of its rows",
        )
    for kind, (value, error) in NO_SHAPES.items():
        yield WrongCall(
            f"empty: shape of {kind}",
            lambda w, v=value: w.gemm.empty(v, MX6),
            error,
            r"^shape(\[[01]\], the (rows|columns),)? must (be|have)",
        )
    for kind, (value, error) in NO_FORMATS.items():
        yield WrongCall(
            f"empty: out_format {kind}",
            lambda w, v=value: w.gemm.empty((2, 3), v),
            error,
            "^out_format must be",
        )
    yield from not_ints("empty", "mx9_blocks", lambda w, v: w.gemm.empty((2, 3), MX6, v))
    for value in (-1, 2, np.uint64(2**63)):
        yield WrongCall(
            f"empty: {value} blocks of MX9",
            lambda w, v=value: w.gemm.empty((2, 3), MX6, v),
            ValueError,
            f"^mx9_blocks must be .*, not {value}",
        )
    yield WrongCall(
        "empty: no memory", lambda w: w.gemm.empty((4096, 4096), MX6), MemoryError, "^no room for .* are free"
    )
    for kind, value in {
        "list": [[1.0]],
        "None": None,
        "text": "a",
        "float64": ARRAYS["float64"],
        "float16": ARRAYS["float16"],
        "int8": ARRAYS["int8"],
        "bool": ARRAYS["bool"],
        "complex": ARRAYS["float32"].astype(complex),
        "big-endian": ARRAYS["float32"].astype(">f4"),
    }.items():
        yield WrongCall(
            f"store: {kind}",
            lambda w, v=value: w.gemm.store(v),
            TypeError,
            "^value must be a (golden tensor or a )?float32 array, not ",
        )
    for kind, value in {
        "a vector": np.zeros(3, np.float32),
        "a number": np.zeros((), np.float32),
        "a stack": np.zeros((2, 2, 2), np.float32),
        "no rows": np.zeros((0, 4), np.float32),
        "no columns": np.zeros((4, 0), np.float32),
        "a tensor without rows": A[:0],
        "too long": np.broadcast_to(np.float32(0), (1, DIMENSION_LIMIT + 1)),
    }.items():
        yield WrongCall(
            f"store: {kind}",
            lambda w, v=value: w.gemm.store(v),
            ValueError,
            r"^value\.shape(\[[01]\], the (rows|columns),)? must",
        )
    yield WrongCall(
        "store: no memory",
        lambda w: w.gemm.store(np.zeros((1000, 1000), np.float32)),
        MemoryError,
        "^no room for 4000000 bytes",
    )
    yield from not_ints("rows", "start", lambda w, v: w.a.rows(v, 3))
    yield from not_ints("rows", "stop", lambda w, v: w.a.rows(0, v))
    for start, stop in ((-1, 2), (2, 2), (3, 2), (0, M + 1), (M, M + 1)):
        yield WrongCall(
            f"rows: {start} to {stop}",
            lambda w, start=start, stop=stop: w.a.rows(start, stop),
            ValueError,
            "^(start|stop) must be .*, not ",
        )
    for method in ("columns", "every"):
        yield from not_ints(method, "start", lambda w, v, m=method: getattr(w.a, m)(v, 100))
    yield from not_ints("columns", "stop", lambda w, v: w.a.columns(0, v))
    yield from not_ints("every", "step", lambda w, v: w.a.every(0, v))
    for start, stop in ((-16, 2), (0, 0), (16, 16), (0, K + 1), (112, 113)):
        yield WrongCall(
            f"columns: {start} to {stop}",
            lambda w, start=start, stop=stop: w.a.columns(start, stop),
            ValueError,
            "^(start|stop) must be .*, not ",
        )
    yield WrongCall(
        "columns: within a block",
        lambda w: w.a.columns(8, 16),
        ValueError,
        "^start must be a multiple of 16, the elements of a block, not 8$",
    )
    for start, step in ((-1, 1), (M, 1), (0, 0)):
        yield WrongCall(
            f"every: {step} from {start}",
            lambda w, start=start, step=step: w.a.every(start, step),
            ValueError,
            "^(start|step) must be .*, not ",
        )
    for name, change in {
        "pitch": {"pitch": 1},
        "address": {"address": 0},
        "address ": {"address": 1.5},
        "shape": {"shape": (0, 1)},
        "format": {"format": 1},
        "mx9_blocks": {"mx9_blocks": 99},
        "piece": {"piece": None},
        "a matrix": {"shape": (M + 1, K)},
    }.items():
        kinds = ("format", "piece", "address ")
        yield WrongCall(
            f"DeviceMatrix: {change}",
            lambda w, change=change: replace(w.a, **change),
            TypeError if name in kinds else ValueError,
            rf"^{name.strip()}(\[0\], the rows,)? must",
        )
