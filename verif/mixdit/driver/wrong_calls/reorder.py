"""Wrong calls of `Gemm.reorder`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mixdit.driver import (
    DeviceMatrix,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    WrongCall,
    wrong_matrices,
)
from verif.mixdit.driver.wrong_calls.world import M, World


def reorder_calls() -> Iterator[WrongCall]:
    def room(w: World) -> DeviceMatrix:
        return replace(w.a, mx9_blocks=0)

    def narrow(w: World) -> DeviceMatrix:
        return replace(w.d.rows(0, 1), mx9_blocks=0)

    yield from wrong_matrices(
        "reorder",
        {"a": "floats", "d": "a", "permutation": "permutation"},
        lambda w, given: w.gemm.reorder(**given),
    )
    yield from wrong_matrices(
        "reorder",
        {"scale": "bias", "shift": "bias"},
        lambda w, given: w.gemm.reorder(w.bias, narrow(w), norm="layer", **given),
    )
    for name, call, error, says in (
        (
            "A of blocks",
            lambda w: w.gemm.reorder(w.a, room(w)),
            ValueError,
            "a must be BINARY32 or BFLOAT16, not MX6",
        ),
        (
            "D of floats",
            lambda w: w.gemm.reorder(w.floats, w.floats),
            ValueError,
            r"d_format must be MX4, MX6 or MX9, not BINARY32 \(D_FORMAT\)",
        ),
        (
            "another shape",
            lambda w: w.gemm.reorder(w.floats, w.d),
            ValueError,
            r"d must have shape \(5, 100\), not \(5, 33\)",
        ),
        (
            "norm of another name",
            lambda w: w.gemm.reorder(w.floats, room(w), norm="batch"),
            ValueError,
            "norm must be 'layer', 'rms', 'exponential' or None, not 'batch'",
        ),
        (
            "norm without lanes",
            lambda w: w.gemm.reorder(w.floats, room(w), norm="rms"),
            ValueError,
            r"function must be NONE, and scale, gate, divide and norm 0, on an .*, not NONE and norm RMS ",
        ),
        (
            "norm and divide",
            lambda w: w.gemm.reorder(
                w.floats, replace(room(w), shape=(M, 99)), norm="rms", divide=True, epsilon=0
            ),
            ValueError,
            "divide must be False with norm 'rms', not True",
        ),
        *(
            (
                f"{name} with exponentials",
                lambda w, name=name: w.gemm.reorder(w.bias, narrow(w), norm="exponential", **{name: w.bias}),
                ValueError,
                f"{name} must be None with norm 'exponential'",
            )
            for name in ("scale", "shift")
        ),
        (
            "scale without norm",
            lambda w: w.gemm.reorder(w.bias, narrow(w), scale=w.bias),
            ValueError,
            "scale must be None without norm",
        ),
        (
            "scale and shift without norm",
            lambda w: w.gemm.reorder(w.bias, narrow(w), scale=w.bias, shift=w.bias),
            ValueError,
            "scale must lie right behind shift, at 0x[0-9a-f]+, not at 0x[0-9a-f]+",
        ),
        *(
            (
                f"{name} of another length",
                lambda w, name=name: w.gemm.reorder(w.floats, room(w), norm="layer", **{name: w.bias}),
                ValueError,
                rf"{name} must be binary32 of shape \(1, 100\), not ",
            )
            for name in ("scale", "shift")
        ),
        (
            "scale of blocks",
            lambda w: w.gemm.reorder(w.floats, room(w), norm="layer", scale=room(w).rows(0, 1)),
            ValueError,
            r"scale must be binary32 of shape \(1, 100\), not ",
        ),
        *(
            (
                f"epsilon {value!r}",
                lambda w, value=value: w.gemm.reorder(w.floats, room(w), norm="layer", epsilon=value),
                ValueError,
                r"epsilon must be (at least 0, and finite times 100\*\*2|a number that a float holds), not ",
            )
            for value in (-1e-6, float("nan"), float("inf"), 1e38, 10**400)
        ),
        *(
            (
                f"epsilon {value!r}",
                lambda w, value=value: w.gemm.reorder(w.floats, room(w), norm="layer", epsilon=value),
                TypeError,
                "epsilon must be a number, not ",
            )
            for value in ("1e-6", None, True, [1e-6])
        ),
        (
            "permutation of another length",
            lambda w: w.gemm.reorder(w.bias, replace(w.d.rows(0, 1), mx9_blocks=0), w.permutation),
            ValueError,
            "permutation must have length 33, not 100",
        ),
        (
            "permutation of floats",
            lambda w: w.gemm.reorder(w.floats, room(w), w.bias),
            TypeError,
            "permutation must be what store_permutation gave, not DeviceMatrix",
        ),
    ):
        yield WrongCall(f"reorder: {name}", call, error, f"^{says}")
    for kind, value, error in (
        ("twice the same", np.array([0, 0]), ValueError),
        ("too large", np.array([0, 2]), ValueError),
        ("negative", np.array([0, -1]), ValueError),
        ("empty", np.array([], np.int64), ValueError),
        ("two axes", np.array([[0, 1]]), ValueError),
        ("one number", np.array(0), ValueError),
        ("ragged", [[0], [1, 2]], ValueError),
        ("beyond the unit", np.arange(129), ValueError),
        ("beyond two bytes", np.arange(70000), ValueError),
        ("floats", np.arange(3.0), TypeError),
        ("bools", np.array([False, True]), TypeError),
        ("texts", ["0", "1"], TypeError),
        ("text", "01", TypeError),
        ("None", None, TypeError),
        ("int", 3, TypeError),
    ):
        yield WrongCall(
            f"store_permutation: {kind}",
            lambda w, v=value: w.gemm.store_permutation(v),
            error,
            "^permutation must (be|have|hold)",
        )
