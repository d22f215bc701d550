"""Wrong calls of `Gemm.matmul`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden import MX4, MX6, MX9, concat, quantize
from golden.engine import (
    MemoryFormat,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    ARRAYS,
    NO_FORMATS,
    WrongCall,
    not_ints,
)
from verif.mixdit.driver.wrong_calls.world import A, B, M, N, rows


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
