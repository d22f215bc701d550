"""Wrong calls with lists of jobs."""

from collections.abc import Iterator
from dataclasses import replace

from golden.engine import Descriptor
from mixdit.driver import JobList
from verif.mixdit.driver.wrong_calls.kinds import WrongCall, not_ints
from verif.mixdit.driver.wrong_calls.world import A, B, World


def list_calls() -> Iterator[WrongCall]:
    """Calls of `recording`, `store_list`, `run_list` and `submit_list`."""

    def job(w: World) -> Descriptor:
        return w.gemm._product(w.a, w.b, w.d, {"bias": w.bias})

    def recorded(w: World, *calls) -> None:
        with w.gemm.recording():
            w.gemm.product(w.a, w.b, w.d)
            for call in calls:
                call(w)

    for kind, value in {"None": None, "int": 1, "text": "a", "descriptors": [Descriptor()]}.items():
        yield WrongCall(
            f"run_list: {kind}",
            lambda w, v=value: w.gemm.run_list(v),
            TypeError,
            "^jobs must be a list of jobs, from recording, not ",
        )
    yield WrongCall(
        "run_list: a matrix", lambda w: w.gemm.run_list(w.a), TypeError, "^jobs must be a list of jobs"
    )
    for kind, value, says in (
        ("freed", "freed_list", "jobs was freed"),
        ("foreign", "foreign_list", "jobs must be from this object"),
    ):
        yield WrongCall(
            f"run_list: {kind}", lambda w, v=value: w.gemm.run_list(getattr(w, v)), ValueError, f"^{says}"
        )
        yield WrongCall(
            f"free: a list, {kind}",
            lambda w, v=value: w.gemm.free(getattr(w, v)),
            ValueError,
            f"^{says.replace('jobs', 'matrix')}",
        )
    yield WrongCall(
        "run_list: never recorded",
        lambda w: w.gemm.run_list(JobList()),
        ValueError,
        "^jobs must be a list whose recording has ended",
    )
    for name, value, error, says in (
        ("None", lambda w: None, TypeError, "descriptors must be a list or tuple"),
        ("text", lambda w: "ab", TypeError, "descriptors must be a list or tuple"),
        ("one descriptor", job, TypeError, "descriptors must be a list or tuple"),
        ("none", lambda w: [], ValueError, "a list must have at least 1 job, not 0"),
        ("ints", lambda w: [1, 2], TypeError, "descriptor must be a golden"),
        ("a bad last one", lambda w: [job(w), replace(job(w), m=0)], ValueError, r"m must be .*\(SIZE\)$"),
        (
            "one outside memory",
            lambda w: [replace(job(w), a_address=0), job(w)],
            ValueError,
            "a must lie in the port's memory",
        ),
    ):
        yield WrongCall(f"store_list: {name}", lambda w, v=value: w.gemm.store_list(v(w)), error, f"^{says}")
    yield WrongCall(
        "recording: no job", lambda w: recorded_nothing(w), ValueError, "^a list must have at least 1 job"
    )
    for name, call, says in (
        ("within another", recorded, "recording must end before another one begins"),
        ("matmul", lambda w: w.gemm.matmul(A, B), "matmul must not be called within a recording"),
        ("run_list", lambda w: w.gemm.run_list(w.list), "jobs must not be run within a recording"),
        (
            "a bad product",
            lambda w: w.gemm.product(w.a, w.d, w.d),
            "a and b must have the same K, not 100 and 33",
        ),
        (
            "accumulate into MX6",
            lambda w: w.gemm.product(w.a, w.b, w.d, accumulate=True),
            "d_format must be BINARY32 to accumulate",
        ),
    ):
        yield WrongCall(f"recording: {name}", lambda w, c=call: recorded(w, c), ValueError, f"^{says}")
    yield from not_ints("submit_list", "address", lambda w, v: w.gemm.submit_list(v, 1))
    yield from not_ints("submit_list", "jobs", lambda w, v: w.gemm.submit_list(w.list.address, v))
    for name, address, jobs, says in (
        ("no jobs", 0x10000, 0, "jobs must be at least 1, not 0"),
        ("not aligned", 0x10040, 1, "address must be a multiple of 128, not 0x10040"),
        ("before memory", 0x8000, 1, "address must be 65536 to .*, not 32768"),
        ("behind memory", 1 << 31, 1, "address must be 65536 to "),
    ):
        yield WrongCall(
            f"submit_list: {name}",
            lambda w, a=address, j=jobs: w.gemm.submit_list(a, j),
            ValueError,
            f"^{says}",
        )


def recorded_nothing(w: World) -> None:
    """An empty recording."""
    with w.gemm.recording():
        pass
