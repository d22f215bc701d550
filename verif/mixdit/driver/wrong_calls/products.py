"""Wrong calls of `Gemm.product`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden.engine import (
    MemoryFormat,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    FLAGLESS,
    WrongCall,
    wrong_matrices,
)
from verif.mixdit.driver.wrong_calls.world import A, B, M


def product_calls() -> Iterator[WrongCall]:
    yield from wrong_matrices(
        "product",
        {"a": "a", "b": "b", "d": "d", "bias": "bias"},
        lambda w, given: w.gemm.product(**given),
    )
    for name in "abd":
        yield WrongCall(
            f"product: {name} None",
            lambda w, name=name: w.gemm.product(**{"a": w.a, "b": w.b, "d": w.d, name: None}),
            TypeError,
            f"^{name} must be a matrix in memory",
        )
    for kind, value in FLAGLESS.items():
        yield WrongCall(
            f"product: accumulate {kind}",
            lambda w, v=value: w.gemm.product(w.a, w.b, w.d, accumulate=v),
            TypeError,
            "^accumulate must be True or False, not ",
        )
    for value in ("c", "", "A", 1, True, ["a"], np.array(["a", "b"])):
        yield WrongCall(
            f"product: keep {value!r}",
            lambda w, v=value: w.gemm.product(w.a, w.b, w.d, keep=v),
            ValueError,
            "^keep must be 'a' or 'b', not ",
        )
    for value in ("relu", "none", "EXP2", 1, True, ["gelu"]):
        for name, call in (
            ("matmul", lambda w, v: w.gemm.matmul(A, B, function=v)),
            ("product", lambda w, v: w.gemm.product(w.a, w.b, w.d, function=v)),
        ):
            yield WrongCall(
                f"{name}: function {value!r}",
                lambda w, v=value, call=call: call(w, v),
                ValueError,
                "^function must be 'exp2', 'gelu', 'silu' or None, not ",
            )
    yield WrongCall(
        "matmul: function without lanes",
        lambda w: w.gemm.matmul(A, B, function="gelu"),
        ValueError,
        r"^function must be NONE, and scale, gate, divide and norm 0, on an .*, not GELU \(FUNCTION\)$",
    )
    for name, call, says in (
        (
            "K differs",
            lambda w: w.gemm.product(w.a, w.d, w.d),
            "a and b must have the same K, not 100 and 33",
        ),
        (
            "D is turned",
            lambda w: w.gemm.product(w.b, w.a, w.d),
            r"d must have shape \(33, 5\), not \(5, 33\)",
        ),
        (
            "D is too small",
            lambda w: w.gemm.product(w.a, w.b, w.d.rows(0, 4)),
            r"d must have shape \(5, 33\), not \(4, 33\)",
        ),
        (
            "accumulate into MX6",
            lambda w: w.gemm.product(w.a, w.b, w.d, accumulate=True),
            r"d_format must be BINARY32 to accumulate, not MX6 \(D_FORMAT\)",
        ),
        (
            "A of floats",
            lambda w: w.gemm.product(w.floats, w.b, w.d),
            r"a_format must be MX4, MX6, MX9 or MXINT8, not BINARY32 \(A_FORMAT\)",
        ),
        (
            "B of floats",
            lambda w: w.gemm.product(w.a, w.floats, replace(w.d, shape=(M, M))),
            r"b_format must be MX4, MX6, MX9 or MXINT8, not BINARY32 \(B_FORMAT\)",
        ),
        (
            "bias of blocks",
            lambda w: w.gemm.product(w.a, w.b, w.d, bias=w.d.rows(0, 1)),
            r"bias must be binary32 of shape \(1, 33\), not ",
        ),
        (
            "bias of another length",
            lambda w: w.gemm.product(w.a, w.b, w.d, bias=w.floats.rows(0, 1)),
            r"bias must be binary32 of shape \(1, 33\), not ",
        ),
        (
            "gate of another length",
            lambda w: w.gemm.product(w.a, w.b, w.d, gate=w.floats.rows(0, 1)),
            r"gate must be binary32 of shape \(1, 33\), not ",
        ),
        (
            "gate elsewhere than behind the bias",
            lambda w: w.gemm.product(w.a, w.b, w.d, bias=w.bias, gate=w.bias),
            "gate must lie right behind bias, at 0x[0-9a-f]+, not at 0x[0-9a-f]+",
        ),
        (
            "scale of another length",
            lambda w: w.gemm.product(w.a, w.b, w.d, scale=w.floats.rows(0, 1)),
            r"scale must be binary32 of shape \(1, 33\), not ",
        ),
        (
            "bias elsewhere than behind the scale",
            lambda w: w.gemm.product(w.a, w.b, w.d, scale=w.bias, bias=w.bias),
            "bias must lie right behind scale, at 0x[0-9a-f]+, not at 0x[0-9a-f]+",
        ),
        (
            "gate by row of another length",
            lambda w: w.gemm.product(w.a, w.b, w.d, gate=w.floats.rows(0, 1).columns(0, 4).as_column()),
            r"gate must be binary32 of shape \(5, 1\), not ",
        ),
        (
            "gate by row with gaps",
            lambda w: w.gemm.product(w.a, w.b, w.d, gate=w.floats.columns(2, 3)),
            "gate must have a pitch of 4, without gaps, not 400",
        ),
        (
            "gate by row elsewhere than behind the bias",
            lambda w: w.gemm.product(
                w.a, w.b, w.d, bias=w.bias, gate=w.floats.rows(0, 1).columns(0, 5).as_column()
            ),
            "gate must lie right behind bias, at 0x[0-9a-f]+, not at 0x[0-9a-f]+",
        ),
        (
            "scale without functions",
            lambda w: w.gemm.product(w.a, w.b, w.d, scale=w.bias),
            r"function must be NONE, and scale, gate, .*, not NONE and scale 1 \(FUNCTION\)",
        ),
        (
            "a column of blocks",
            lambda w: w.a.rows(0, 1).as_column(),
            "a column must be a single row of floats in memory, not ",
        ),
        (
            "a column of several rows",
            lambda w: w.floats.as_column(),
            "a column must be a single row of floats in memory, not ",
        ),
        (
            "D in A",
            lambda w: w.gemm.product(w.a, w.b, replace(w.d, address=w.a.address, piece=w.a.piece)),
            r"d must not meet a, gaps between rows counted: d takes 0x.* and a takes .*OVERLAP_A",
        ),
        (
            "D in B",
            lambda w: w.gemm.product(w.a, w.b, replace(w.d, address=w.b.address, piece=w.b.piece)),
            "d must not meet b, gaps between rows counted: .*OVERLAP_B",
        ),
        (
            "D of MXINT8",
            lambda w: w.gemm.product(w.a, w.b, replace(w.d, format=MemoryFormat.MXINT8, mx9_blocks=0)),
            "pitch must be at least",
        ),
        (
            "odd address",
            lambda w: w.gemm.product(
                w.a.rows(0, 4), w.b, replace(w.d, address=w.d.address + 1, shape=(4, 33))
            ),
            "d_address and d_pitch must be multiples of 2, not .*D_ALIGNMENT",
        ),
    ):
        yield WrongCall(f"product: {name}", call, ValueError, f"^{says}")
