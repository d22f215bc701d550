"""Wrong ports, times, jobs and descriptors."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden.engine import (
    DESCRIPTOR_WORDS,
    DIMENSION_LIMIT,
    Descriptor,
    Operation,
)
from mixdit.driver import (
    Allocator,
    Gemm,
    LinuxPort,
    ModelPort,
)
from verif.mixdit.driver.wrong_calls.kinds import NO_SECONDS, WrongCall, not_ints
from verif.mixdit.driver.wrong_calls.world import PARAMETERS, K, M, World


def constructor_calls() -> Iterator[WrongCall]:
    port = ModelPort(PARAMETERS, size=4096)
    for name, value in {
        "int": 1,
        "None": None,
        "path": "/dev/uio0",
        "class": ModelPort,
        "parameters": PARAMETERS,
    }.items():
        yield WrongCall(f"Gemm: port {name}", lambda w, v=value: Gemm(v), TypeError, "^port must be a Port")
    for name, (memory, error) in {
        "list": ([0, 1], TypeError),
        "size": (4096, TypeError),
        "gaps": (range(0, 4096, 2), ValueError),
        "negative": (range(-64, 64), ValueError),
        "beyond its addresses": (range(0, (1 << 32) + 1), ValueError),
    }.items():
        other = ModelPort(PARAMETERS, size=4096)
        other.memory = memory
        yield WrongCall(f"Gemm: memory {name}", lambda w, p=other: Gemm(p), error, r"^port\.memory must be")
    for name, (value, error) in NO_SECONDS.items():
        yield WrongCall(
            f"Gemm: timeout {name}", lambda w, v=value: Gemm(port, v), error, "^timeout must be .*second"
        )
        yield WrongCall(
            f"timeout = {name}",
            lambda w, v=value: setattr(w.gemm, "timeout", v),
            error,
            "^timeout must be .*second",
        )
    yield from not_ints("ModelPort", "size", lambda w, v: ModelPort(PARAMETERS, v))
    yield from not_ints("ModelPort", "origin", lambda w, v: ModelPort(PARAMETERS, 64, v))
    for value in (0, -1):
        yield WrongCall(
            f"ModelPort: size {value}", lambda w, v=value: ModelPort(size=v), ValueError, "^size must be at"
        )
    yield WrongCall("ModelPort: parameters", lambda w: ModelPort(64), TypeError, "^parameters must be Engine")
    for name in ("address", "size", "register_offset", "buffer_offset"):
        ok = {"registers": "/dev/null", "buffer": "/dev/null", "address": 0, "size": 64}
        yield from not_ints("LinuxPort", name, lambda w, v, name=name, ok=ok: LinuxPort(**ok | {name: v}))
        yield WrongCall(
            f"LinuxPort: {name} negative",
            lambda w, name=name, ok=ok: LinuxPort(**ok | {name: -4096}),
            ValueError,
            f"^{name} must be at least [01], not -4096",
        )
    yield from not_ints("Allocator", "alignment", lambda w, v: Allocator(range(64), v))
    yield WrongCall("Allocator: memory", lambda w: Allocator(64), TypeError, "^memory must be a range")


def job_calls() -> Iterator[WrongCall]:
    yield from not_ints("wait", "job", lambda w, v: w.gemm.wait(v))
    for value in (0, -1, 10**6, np.int64(10**6)):
        yield WrongCall(
            f"wait: {value!r}", lambda w, v=value: w.gemm.wait(v), ValueError, f"^job must be .*, not {value}"
        )
    yield from not_ints("Allocator", "size", lambda w, v: Allocator(range(64)).allocate(v))


def descriptor_calls() -> Iterator[WrongCall]:
    for kind, value in {"None": None, "dict": {"m": 1}, "words": (0,) * DESCRIPTOR_WORDS}.items():
        yield WrongCall(
            f"submit: {kind}", lambda w, v=value: w.gemm.submit(v), TypeError, "^descriptor must be a golden"
        )

    def product(w: World) -> Descriptor:
        return w.gemm._product(w.a, w.b, w.d, {"bias": w.bias})

    def reorder(w: World) -> Descriptor:
        return Descriptor(
            operation=Operation.REORDER, m=M, n=K, a_format=4, a_address=w.floats.address,
            a_pitch=w.floats.pitch, d_format=1, d_address=w.b.address, d_pitch=w.b.pitch,
        )  # fmt: skip

    last = (1 << 32) - 64
    for job, changes in (
        (
            product,
            {
                "RESERVED_BITS": {"permute": 1},
                "OPERATION": {"operation": 7},
                "SIZE": {"m": 0},
                "SIZE ": {"k": DIMENSION_LIMIT + 1},
                "A_FORMAT": {"a_format": 15},
                "B_FORMAT": {"b_format": 5},
                "D_FORMAT": {"d_format": 3},
                "A_MX9_BLOCKS": {"a_mx9_blocks": 8},
                "B_MX9_BLOCKS": {"b_mx9_blocks": 8},
                "D_MX9_BLOCKS": {"d_mx9_blocks": 4},
                "A_ALIGNMENT": {"a_pitch": 999},
                "B_ALIGNMENT": {"b_address": 0x10001},
                "D_ALIGNMENT": {"d_address": 0x10001},
                "BIAS_ALIGNMENT": {"bias_address": 0x10002},
                "A_PITCH": {"a_pitch": 2},
                "B_PITCH": {"b_pitch": 0},
                "D_PITCH": {"d_pitch": 2},
                "A_RANGE": {"a_address": last},
                "B_RANGE": {"b_address": 1 << 40},
                "D_RANGE": {"d_address": last},
                "BIAS_RANGE": {"bias_address": last},
                "FUNCTION": {"function": 9},
            },
        ),
        (
            reorder,
            {
                "RESERVED_BITS": {"k": 1},
                "SIZE": {"n": 129},
                "A_FORMAT": {"a_format": 1},
                "D_FORMAT": {"d_format": 4},
                "B_RANGE": {"permute": 1, "b_address": last},
            },
        ),
    ):
        for code, change in changes.items():
            field = next(reversed(change)).removesuffix("_address")
            yield WrongCall(
                f"submit: {job.__name__} {code.strip()} {change}",
                lambda w, job=job, change=change: w.gemm.submit(replace(job(w), **change)),
                ValueError,
                rf"{field}.* \({code.strip()}\)$",
            )
    for name in ("a", "b", "d", "bias"):
        field = f"{name}_address"
        for where, at in {"before": lambda w: 0, "beyond": lambda w: w.gemm.port.memory.stop - 4}.items():
            yield WrongCall(
                f"submit: {name} {where} the port's memory",
                lambda w, field=field, at=at: w.gemm.submit(replace(product(w), **{field: at(w)})),
                ValueError,
                f"^{name} must lie in the port's memory, 0x10000 to 0x",
            )
        for kind, value, error in (("float", 65536.0, TypeError), ("negative", -64, ValueError)):
            yield WrongCall(
                f"submit: {field} {kind}",
                lambda w, field=field, value=value: w.gemm.submit(replace(product(w), **{field: value})),
                error,
                f"^{field} must be ",
            )
    for field, value in (("m", -1), ("n", 1 << 32), ("d_format", 16), ("keep_b", 2)):
        yield WrongCall(
            f"submit: {field} {value}",
            lambda w, field=field, value=value: w.gemm.submit(replace(product(w), **{field: value})),
            ValueError,
            f"^{field} must be 0 to .*, not {value}",
        )
    for value, error in (
        ((0,), ValueError),
        (None, ValueError),
        ((0.0,) * DESCRIPTOR_WORDS, TypeError),
        ((1 << 31,) + (0,) * (DESCRIPTOR_WORDS - 1), ValueError),
    ):
        yield WrongCall(
            f"submit: reserved {str(value)[:12]}",
            lambda w, value=value: w.gemm.submit(replace(product(w), reserved=value)),
            error,
            "^reserved ",
        )
