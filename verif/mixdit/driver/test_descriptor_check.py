"""Descriptors: what the driver lets through, no engine refuses; what it refuses, it explains."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.engine import DESCRIPTOR_WORDS, REGISTERS, Descriptor, ErrorCode, MemoryFormat, Operation, check
from mixdit.driver import Gemm, ModelPort
from mixdit.driver.descriptor_check import check_descriptor, formats
from verif.mixdit.driver.wrong_calls import PARAMETERS

MEMORY = range(0x10000, 0x14000)
PRODUCT = Descriptor(
    m=3, n=17, k=40, a_format=1, b_format=2, d_format=4, a_address=0x10000, b_address=0x10400,
    d_address=0x11000, a_pitch=64, b_pitch=64, d_pitch=128,
)  # fmt: skip
REORDER = replace(
    PRODUCT, operation=1, k=0, a_format=4, b_format=0, d_format=1, b_address=0, b_pitch=0, a_pitch=68
)
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
        flags = ("bias", "accumulate", "keep_b", "permute", "gate", "divide")
        high = 1 if each.name in flags else 15 if each.name == "function" else 200
        CHANGES[each.name] = st.integers(0, high)


def refusal(job: Descriptor) -> str:
    """What the driver says against a job; nothing for one that it lets through."""
    try:
        assert check_descriptor(job, PARAMETERS, MEMORY) == job
    except ValueError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([PRODUCT, REORDER]), st.data())
def test_as_golden_says(job, data):
    names = data.draw(st.lists(st.sampled_from(sorted(CHANGES)), max_size=3, unique=True))
    job = replace(job, **{name: data.draw(CHANGES[name]) for name in names})
    code = check(job, PARAMETERS)
    if said := refusal(job):
        assert (
            said.endswith(f"({code.name})") if code else said.split(" must ")[1].startswith("lie in the port")
        )
        return
    assert code == ErrorCode.NONE
    gemm = Gemm(ModelPort(PARAMETERS, size=len(MEMORY), origin=MEMORY.start))
    gemm.submit(job)
    # Random bytes hold no permutation.
    assert ErrorCode(gemm.port.read32(REGISTERS["ERROR_CODE"].offset)) in (
        ErrorCode.NONE,
        ErrorCode.PERMUTATION,
    )


def test_the_bases_are_right():
    assert refusal(PRODUCT) == refusal(REORDER) == ""


@pytest.mark.parametrize(
    ("job", "names"),
    [(PRODUCT, "abd"), (replace(PRODUCT, accumulate=1), "abd"), (REORDER, "ad")],
    ids=["product", "accumulate", "reorder"],
)
def test_the_formats_that_it_names(job, names):
    """Each format by itself: named if and only if golden takes it."""
    for name in names:
        text = formats(job, name).replace(",", "").split()
        for fmt in MemoryFormat:
            code = check(replace(job, **{f"{name}_format": fmt}), PARAMETERS)
            assert (fmt.name in text) == (code != ErrorCode[f"{name.upper()}_FORMAT"]), (name, fmt)


@pytest.mark.parametrize(
    ("change", "lanes", "says"),
    [
        ({"function": 7}, 4, "NONE, EXP2, GELU, SILU, not 7"),
        ({"function": 2, "accumulate": 1, "d_format": 4}, 4, "NONE beside gate or accumulate, not GELU"),
        ({"function": 3, "gate": 1, "bias_address": 0x10000}, 4, "NONE beside gate .*, not SILU and gate 1"),
        ({"function": 1}, 0, "NONE, and gate and divide 0, on an engine without functions, not EXP2"),
        ({"gate": 1, "bias_address": 0x10000}, 0, "NONE, and gate and divide 0, .*, not NONE and gate 1"),
    ],
)
def test_functions(change, lanes, says):
    parameters = replace(PARAMETERS, function_lanes=lanes)
    with pytest.raises(ValueError, match=rf"function must be {says} \(FUNCTION\)"):
        check_descriptor(replace(PRODUCT, **change), parameters, MEMORY)


def test_without_a_reorder_unit():
    plain = replace(PARAMETERS, reorder_columns=0)
    says = r"operation must be PRODUCT, on an engine without reorder unit, not REORDER \(OPERATION\)"
    with pytest.raises(ValueError, match=says):
        check_descriptor(replace(REORDER, operation=Operation.REORDER), plain, MEMORY)
