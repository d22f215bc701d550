"""Wrong calls of `Gemm.matmul`, `Gemm.product` and `Gemm.reorder`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden import MX4, MX6, MX9, concat, quantize
from golden.engine import (
    MemoryFormat,
)
from mixdit.driver import (
    DeviceMatrix,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    ARRAYS,
    FLAGLESS,
    NO_FORMATS,
    WrongCall,
    not_ints,
    wrong_matrices,
)
from verif.mixdit.driver.wrong_calls.world import A, B, M, N, World, rows


def matmul_calls() -> Iterator[WrongCall]:
    operands = {"a": A, "b": B}
    for name in operands:

        def call(w, value, name=name, **more):
            return w.gemm.matmul(**operands | {name: value}, **more)

        for kind, value in {**ARRAYS, "None": None, "int": 5, "text": "a"}.items():
            yield WrongCall(
                f"matmul: {name} {kind}",
                lambda w, c=call, v=value: c(w, v),
                TypeError,
                rf"^{name} must be a golden tensor, or .* golden\.quantize\({name}, golden\.MX6\)",
            )
        for kind in ("permutation", "gemm"):
            yield WrongCall(
                f"matmul: {name} {kind}",
                lambda w, c=call, k=kind: c(w, getattr(w, k)),
                TypeError,
                f"^{name} must be a golden tensor",
            )
        for kind, says in {"freed": "was freed", "foreign": "must be from this object"}.items():
            yield WrongCall(
                f"matmul: {name} {kind}",
                lambda w, c=call, k=kind: c(w, getattr(w, k)),
                ValueError,
                f"^{name} {says}",
            )
        odd = quantize(rows(1, M, 16), replace(MX6, element_bits=4))
        for kind, value, says in (
            ("no rows", A[:0], rf"{name}\.shape\[0\], the rows, must be 1 to 1048575, not 0"),
            ("a stack", A[None], rf"{name}\.shape must have 2 axes"),
            ("a vector", A[0], rf"{name}\.shape must have 2 axes"),
            ("K of 99", quantize(rows(1, M, 99), MX6), "a and b must have the same K, not .*99"),
            (
                "MX6, then MX9",
                concat([quantize(rows(1, M, 16), f) for f in (MX6, MX9)]),
                f"{name} does not fit",
            ),
            ("another MX6", odd, f"{name} must be in golden's formats"),
        ):
            yield WrongCall(
                f"matmul: {name} {kind}", lambda w, c=call, v=value: c(w, v), ValueError, f"^{says}"
            )
        yield WrongCall(
            f"matmul: {name} floats in memory",
            lambda w, c=call: c(w, w.floats),
            ValueError,
            rf"^{name}_format must be MX4, MX6, MX9 or MXINT8, not BINARY32 \({name.upper()}_FORMAT\)",
        )
    for kind, (value, error) in NO_FORMATS.items():
        yield WrongCall(
            f"matmul: out_format {kind}",
            lambda w, v=value: w.gemm.matmul(A, B, v),
            error,
            "^out_format must be",
        )
    yield from not_ints("matmul", "mx9_blocks", lambda w, v: w.gemm.matmul(A, B, MX6, mx9_blocks=v))
    for fmt, value, most in ((MX6, -1, None), (MX6, 4, 3), (MX4, np.int64(4), 3), (MX9, 1, 0)):
        allowed = (
            "at least 0" if most is None else f"0 to {most} for 33 columns" if most else "0 for 33 columns"
        )
        yield WrongCall(
            f"matmul: {value} blocks of MX9 in {fmt}",
            lambda w, f=fmt, v=value: w.gemm.matmul(A, B, f, mx9_blocks=v),
            ValueError,
            f"^mx9_blocks must be {allowed}.*, not {value}",
        )
    for fmt in (MemoryFormat.BINARY32, MemoryFormat.BFLOAT16):
        yield WrongCall(
            f"matmul: blocks of MX9 in {fmt.name}",
            lambda w, f=fmt: w.gemm.matmul(A, B, f, mx9_blocks=1),
            ValueError,
            f"^mx9_blocks must be 0 for 33 columns of {fmt.name}, not 1",
        )
    ones = np.ones(N, np.float32)
    for kind, value, error in (
        ("list", [0.0] * N, TypeError),
        ("float", 1.0, TypeError),
        ("float64", ones.astype(np.float64), TypeError),
        ("float16", ones.astype(np.float16), TypeError),
        ("big-endian", ones.astype(">f4"), TypeError),
        ("too short", ones[:-1], ValueError),
        ("a row", ones[None], ValueError),
        ("a column", ones[:, None], ValueError),
        ("empty", ones[:0], ValueError),
    ):
        yield WrongCall(
            f"matmul: bias {kind}",
            lambda w, v=value: w.gemm.matmul(A, B, bias=v),
            error,
            "^bias must (be a float32 array|have shape)",
        )
    yield WrongCall(
        "matmul: bias in memory",
        lambda w: w.gemm.matmul(A, B, bias=w.bias),
        TypeError,
        "^bias must be a float32 array, not DeviceMatrix",
    )
    yield WrongCall(
        "matmul: no memory for D",
        lambda w: w.gemm.matmul(quantize(rows(1, 600, 16), MX4), quantize(rows(1, 600, 16), MX4)),
        MemoryError,
        "^no room for 1440000 bytes: .* are free",
    )


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
