"""Descriptors: what the driver lets through, no engine refuses; what it refuses, it explains."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.engine import (
    DESCRIPTOR_WORDS,
    REGISTERS,
    Descriptor,
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    Norm,
    Operation,
    check,
)
from mixdit.driver import Gemm, ModelPort
from mixdit.driver.descriptor_check import check_descriptor, formats
from verif.mixdit.driver.wrong_calls import PARAMETERS

MEMORY = range(0x10000, 0x14000)
WITH_FUNCTIONS = replace(PARAMETERS, function_lanes=4)
PRODUCT = Descriptor(
    m=3, n=17, k=40, a_format=1, b_format=2, d_format=4, a_address=0x10000, b_address=0x10400,
    d_address=0x11000, a_pitch=64, b_pitch=64, d_pitch=128,
)  # fmt: skip
REORDER = replace(
    PRODUCT, operation=1, k=0, a_format=4, b_format=0, d_format=1, b_address=0, b_pitch=0, a_pitch=68
)
NORM = replace(REORDER, norm=1, bias=1, gate=1, bias_address=0x12000, epsilon=0x3F800000)
CHANGES = {
    "operation": st.integers(0, 3),
    "reserved": st.integers(0, DESCRIPTOR_WORDS - 1).map(
        lambda n: tuple(1 << 31 if n == word else 0 for word in range(DESCRIPTOR_WORDS))
    ),
}
for each in fields(Descriptor):
    if each.name.endswith(("_format", "_mx9_blocks")):
        CHANGES[each.name] = st.integers(0, 6)
    elif each.name.endswith("_address"):
        CHANGES[each.name] = st.integers(0x3FFF, 0x5000).map(lambda n: 4 * n) | st.integers(0, 1 << 33)
    elif each.name not in CHANGES:
        flags = ("bias", "accumulate", "keep_b", "permute", "gate", "divide", "scale", "gate_by_row")
        high = 1 if each.name in flags else {"function": 15, "norm": 3}.get(each.name, 200)
        CHANGES[each.name] = st.integers(0, high)
CHANGES["epsilon"] = st.sampled_from([0, 1, 0x3F800000, 0x7F7FFFFF, 0x7F800000, 0x80000000, 0xFFFFFFFF])


def refusal(job: Descriptor, parameters: EngineParameters = PARAMETERS) -> str:
    """What the driver says against a job; nothing for one that it lets through."""
    try:
        assert check_descriptor(job, parameters, MEMORY) == job
    except ValueError as error:
        return str(error)
    return ""


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([PRODUCT, REORDER, NORM]), st.sampled_from([0, 4]), st.data())
def test_as_golden_says(job, lanes, data):
    names = data.draw(st.lists(st.sampled_from(sorted(CHANGES)), max_size=3, unique=True))
    job = replace(job, **{name: data.draw(CHANGES[name]) for name in names})
    parameters = replace(PARAMETERS, function_lanes=lanes)
    code = check(job, parameters)
    if said := refusal(job, parameters):
        assert (
            said.endswith(f"({code.name})") if code else said.split(" must ")[1].startswith("lie in the port")
        )
        return
    assert code == ErrorCode.NONE
    gemm = Gemm(ModelPort(parameters, size=len(MEMORY), origin=MEMORY.start))
    gemm.submit(job)
    # Random bytes hold no permutation.
    assert ErrorCode(gemm.port.read32(REGISTERS["ERROR_CODE"].offset)) in (
        ErrorCode.NONE,
        ErrorCode.PERMUTATION,
    )


def test_the_bases_are_right():
    assert refusal(PRODUCT) == refusal(REORDER) == refusal(NORM, WITH_FUNCTIONS) == ""


@pytest.mark.parametrize(
    ("job", "names"),
    [(PRODUCT, "abd"), (replace(PRODUCT, accumulate=1), "abd"), (REORDER, "ad")],
    ids=["product", "accumulate", "reorder"],
)
@pytest.mark.parametrize("parameters", [PARAMETERS, WITH_FUNCTIONS], ids=["plain", "functions"])
def test_the_formats_that_it_names(job, names, parameters):
    """Each format by itself: named if and only if golden takes it."""
    for name in names:
        text = formats(job, name, parameters).replace(",", "").split()
        for fmt in MemoryFormat:
            code = check(replace(job, **{f"{name}_format": fmt}), parameters)
            assert (fmt.name in text) == (code != ErrorCode[f"{name.upper()}_FORMAT"]), (name, fmt)


@pytest.mark.parametrize(
    ("change", "lanes", "says"),
    [
        ({"function": 7}, 4, "NONE, EXP2, GELU, SILU, not 7"),
        ({"function": 1}, 0, "NONE, and scale, gate, divide and norm 0, on an engine without .*, not EXP2"),
        ({"gate": 1, "bias_address": 0x10000}, 0, "NONE, and scale, gate, .*, not NONE and gate 1"),
        ({"scale": 1, "bias_address": 0x10000}, 0, "NONE, and scale, gate, .*, not NONE and scale 1"),
    ],
)
def test_functions(change, lanes, says):
    parameters = replace(PARAMETERS, function_lanes=lanes)
    with pytest.raises(ValueError, match=rf"function must be {says} \(FUNCTION\)"):
        check_descriptor(replace(PRODUCT, **change), parameters, MEMORY)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"norm": 3}, r"bias, gate and epsilon must be 0 with norm EXPONENTIAL, not bias 0x1, gate 0x1, "),
        ({"divide": 1, "a_pitch": 72}, r"norm must be NONE beside divide, not LAYER \(FUNCTION\)"),
        ({"epsilon": 0x7FC00000}, r"epsilon must be a binary32 from 0 to 0x7f7fffff, .* not 0x7fc00000 "),
        ({"epsilon": 0x80000000}, r"epsilon must be a binary32 from 0 to .*, not 0x80000000 \(FUNCTION\)"),
        ({"n": 129}, r"n must be 1 to 128, not 129 \(SIZE\)"),
        ({"norm": 0}, r"must be 0, not epsilon = 0x3f800000, bias = 0x1, gate = 0x1 "),
        ({"norm": 0, "epsilon": 0}, r"must be 0, not bias = 0x1, gate = 0x1 \(RESERVED_BITS\)"),
    ],
)
def test_norms(change, says):
    with pytest.raises(ValueError, match=says):
        check_descriptor(replace(NORM, **change), WITH_FUNCTIONS, MEMORY)


@pytest.mark.parametrize("norm", [1, 3])
def test_norms_without_functions(norm):
    says = "function must be NONE, and scale, gate, divide and norm 0, on an engine without .*, not NONE"
    with pytest.raises(ValueError, match=rf"{says} and gate 1 and norm {Norm(norm).name}"):
        check_descriptor(replace(NORM, norm=norm), PARAMETERS, MEMORY)


def test_norms_longer_than_their_sums():
    parameters = replace(WITH_FUNCTIONS, reorder_columns=1 << 16)
    with pytest.raises(ValueError, match=r"n must be 1 to 16384, not 16385 \(SIZE\)"):
        check_descriptor(replace(NORM, n=16385), parameters, MEMORY)


def test_without_a_reorder_unit():
    plain = replace(PARAMETERS, reorder_columns=0)
    says = r"operation must be PRODUCT, on an engine without reorder unit, not REORDER \(OPERATION\)"
    with pytest.raises(ValueError, match=says):
        check_descriptor(replace(REORDER, operation=Operation.REORDER), plain, MEMORY)
