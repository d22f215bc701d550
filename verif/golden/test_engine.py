"""The engine's model: descriptors as words, what is refused, and matrices in memory."""

import dataclasses
import random

import numpy as np
import pytest

from golden import MX6, MX9, MXINT8, dequantize, quantize
from golden.bfloat16 import round_to_bfloat16, widen_bfloat16
from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    PASSES,
    QUANTIZED_FORMATS,
    REGISTERS,
    STALLS,
    Descriptor,
    EngineParameters,
    ErrorCode,
    Function,
    MemoryFormat,
    check,
    describe,
    floats_from_rows,
    floats_to_rows,
    from_rows,
    quantize_rows,
    row_bytes,
    run,
    to_rows,
)
from golden.formats import STREAM_FORMATS
from verif.golden.engine_descriptors import ENGINE, EXPONENTIAL, NORM, PRODUCT, REORDER


def test_registers_do_not_overlap():
    offsets = [register.offset for register in REGISTERS.values()]
    assert offsets == sorted(set(offsets))
    assert all(offset % 4 == 0 for offset in offsets)
    for register in REGISTERS.values():
        assert register.used == sum(field.mask for field in register.fields)
        assert register.used.bit_count() == sum(field.width for field in register.fields)
    assert set(STALLS) | set(PASSES) < set(COUNTERS)


def test_descriptors_survive_their_words():
    rng = random.Random(1)
    for _ in range(50):
        words = [rng.getrandbits(32) for _ in DESCRIPTOR_REGISTERS]
        assert list(Descriptor.from_words(words).words()) == words


def test_fields_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="a_format must be 0 to 15, not 16"):
        dataclasses.replace(PRODUCT, a_format=16).words()
    with pytest.raises(ValueError, match="d_address must be 0 to"):
        dataclasses.replace(PRODUCT, d_address=-2).words()


LIMIT = 1 << 20

REFUSED = [
    (PRODUCT, {"reserved": (1 << 31, *PRODUCT.reserved[1:])}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"permute": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"divide": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"bias_address": 4}, ErrorCode.RESERVED_BITS),
    (REORDER, {"k": 16}, ErrorCode.RESERVED_BITS),
    (REORDER, {"bias": 1}, ErrorCode.RESERVED_BITS),
    (REORDER, {"permute": 0}, ErrorCode.RESERVED_BITS),
    (REORDER, {"function": 1}, ErrorCode.RESERVED_BITS),
    (REORDER, {"gate": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"operation": 2}, ErrorCode.OPERATION),
    *((PRODUCT, {name: 0}, ErrorCode.SIZE) for name in "mnk"),
    *((PRODUCT, {name: LIMIT}, ErrorCode.SIZE) for name in "mnk"),
    (REORDER, {"n": 257}, ErrorCode.SIZE),
    (PRODUCT, {"a_format": 4}, ErrorCode.A_FORMAT),
    (REORDER, {"a_format": 1}, ErrorCode.A_FORMAT),
    (PRODUCT, {"b_format": 15}, ErrorCode.B_FORMAT),
    (PRODUCT, {"d_format": 3}, ErrorCode.D_FORMAT),
    (PRODUCT, {"d_format": 5, "accumulate": 1}, ErrorCode.D_FORMAT),
    (REORDER, {"d_format": 3}, ErrorCode.D_FORMAT),
    (REORDER, {"d_format": 6}, ErrorCode.D_FORMAT),
    (REORDER, {"d_format": 4}, ErrorCode.D_MX9_BLOCKS),
    (PRODUCT, {"a_mx9_blocks": 4}, ErrorCode.A_MX9_BLOCKS),
    (PRODUCT, {"b_mx9_blocks": 1}, ErrorCode.B_MX9_BLOCKS),
    (PRODUCT, {"d_mx9_blocks": 1}, ErrorCode.D_MX9_BLOCKS),
    (PRODUCT, {"a_address": 0x101}, ErrorCode.A_ALIGNMENT),
    (PRODUCT, {"b_pitch": 55}, ErrorCode.B_ALIGNMENT),
    (PRODUCT, {"d_address": 0x2002}, ErrorCode.D_ALIGNMENT),
    (PRODUCT, {"d_pitch": 82}, ErrorCode.D_ALIGNMENT),
    (PRODUCT, {"bias": 1, "bias_address": 0x3002}, ErrorCode.BIAS_ALIGNMENT),
    (PRODUCT, {"a_pitch": 34}, ErrorCode.A_PITCH),
    (PRODUCT, {"b_pitch": 0}, ErrorCode.B_PITCH),
    (PRODUCT, {"d_pitch": 76}, ErrorCode.D_PITCH),
    (PRODUCT, {"a_address": LIMIT - 3 * 36 + 2}, ErrorCode.A_RANGE),
    (PRODUCT, {"b_address": 1 << 40}, ErrorCode.B_RANGE),
    (PRODUCT, {"d_address": (1 << 64) - 80}, ErrorCode.D_RANGE),
    (PRODUCT, {"d_pitch": 0xFFFFFFFC}, ErrorCode.D_RANGE),
    (PRODUCT, {"bias": 1, "bias_address": LIMIT - 76}, ErrorCode.BIAS_RANGE),
    (PRODUCT, {"d_address": 0x100 + 3 * 36 - 4}, ErrorCode.OVERLAP_A),
    (PRODUCT, {"d_address": 0x1000 - 240 + 4}, ErrorCode.OVERLAP_B),
    (REORDER, {"d_address": 0x1000 + 38}, ErrorCode.OVERLAP_B),
    (REORDER, {"divide": 1}, ErrorCode.A_PITCH),
    (REORDER, {"divide": 1, "a_pitch": 84, "a_address": LIMIT - 3 * 84 + 4}, ErrorCode.A_RANGE),
    (PRODUCT, {"bias": 1, "bias_address": 0x2050}, ErrorCode.OVERLAP_BIAS),
    (PRODUCT, {"gate": 1, "bias_address": 0x2050}, ErrorCode.OVERLAP_BIAS),
    (PRODUCT, {"bias": 1, "gate": 1, "bias_address": LIMIT - 156}, ErrorCode.BIAS_RANGE),
    (PRODUCT, {"bias": 1, "gate": 1, "bias_address": 0x2000 - 156}, ErrorCode.OVERLAP_BIAS),
    (PRODUCT, {"function": 4}, ErrorCode.FUNCTION),
    (PRODUCT, {"gate_by_row": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"gate_by_row": 1, "bias": 1, "bias_address": 0x3000}, ErrorCode.RESERVED_BITS),
    (NORM, {"gate_by_row": 1}, ErrorCode.RESERVED_BITS),
    (REORDER, {"scale": 1}, ErrorCode.RESERVED_BITS),
    (NORM, {"scale": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"scale": 1, "bias_address": 0x2050}, ErrorCode.OVERLAP_BIAS),
    (PRODUCT, {"scale": 1, "bias": 1, "gate": 1, "bias_address": LIMIT - 236}, ErrorCode.BIAS_RANGE),
    (PRODUCT, {"gate": 1, "gate_by_row": 1, "bias_address": LIMIT - 8}, ErrorCode.BIAS_RANGE),
    (
        PRODUCT,
        {"scale": 1, "gate": 1, "gate_by_row": 1, "bias_address": 0x2000 - 88},
        ErrorCode.OVERLAP_BIAS,
    ),
    (PRODUCT, {"norm": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"epsilon": 1}, ErrorCode.RESERVED_BITS),
    (REORDER, {"epsilon": 1}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 0, "epsilon": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 0, "epsilon": 0, "gate": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"bias": 0, "gate": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 3, "bias": 0}, ErrorCode.FUNCTION),
    (NORM, {"norm": 3, "gate": 0}, ErrorCode.FUNCTION),
    (NORM, {"norm": 3, "epsilon": 0}, ErrorCode.FUNCTION),
    (EXPONENTIAL, {"epsilon": 1}, ErrorCode.FUNCTION),
    (EXPONENTIAL, {"bias": 1, "bias_address": 0x3000}, ErrorCode.FUNCTION),
    (EXPONENTIAL, {"gate": 1, "bias_address": 0x3000}, ErrorCode.FUNCTION),
    (EXPONENTIAL, {"divide": 1, "a_pitch": 84}, ErrorCode.FUNCTION),
    (EXPONENTIAL, {"bias_address": 0x3000}, ErrorCode.RESERVED_BITS),
    (EXPONENTIAL, {"n": 257}, ErrorCode.SIZE),
    (PRODUCT, {"norm": 3}, ErrorCode.RESERVED_BITS),
    (NORM, {"divide": 1, "a_pitch": 84}, ErrorCode.FUNCTION),
    (NORM, {"epsilon": 0x7F800000}, ErrorCode.FUNCTION),
    (NORM, {"epsilon": 0x80000000}, ErrorCode.FUNCTION),
    (NORM, {"epsilon": 0xFFC00000}, ErrorCode.FUNCTION),
    (NORM, {"n": 257}, ErrorCode.SIZE),
    (NORM, {"bias_address": 0x3002}, ErrorCode.BIAS_ALIGNMENT),
    (NORM, {"bias_address": LIMIT - 156}, ErrorCode.BIAS_RANGE),
    (NORM, {"gate": 0, "bias_address": LIMIT - 76}, ErrorCode.BIAS_RANGE),
    (NORM, {"bias_address": 0x2000 - 156}, ErrorCode.OVERLAP_BIAS),
]


@pytest.mark.parametrize(("base", "change", "code"), REFUSED, ids=str)
def test_bad_descriptors_are_refused(base, change, code):
    assert check(base, ENGINE) == ErrorCode.NONE
    bad = dataclasses.replace(base, **change)
    assert check(bad, ENGINE) == code
    memory = np.arange(0x4000, dtype=np.uint32).astype(np.uint8)
    before = memory.copy()
    assert run(memory, bad, ENGINE) == code
    assert np.array_equal(memory, before)


@pytest.mark.parametrize(
    "change",
    [
        {"a_address": LIMIT - 3 * 36},
        {"d_address": 0x100 + 3 * 36, "a_address": 0x100},
        {"d_address": 0x1000 - 240},
        {"a_mx9_blocks": 3, "a_pitch": 54},
        {"bias": 1, "gate": 1, "bias_address": LIMIT - 160},
        {"bias": 1, "gate": 1, "bias_address": 0x2000 - 160},
        {"gate": 1, "bias_address": 0x2000 - 80},
        {"scale": 1, "bias": 1, "gate": 1, "bias_address": LIMIT - 240},
        {"gate": 1, "gate_by_row": 1, "bias_address": LIMIT - 12},
        {"scale": 1, "gate": 1, "gate_by_row": 1, "bias_address": 0x2000 - 92},
        {"function": 2, "gate": 1, "accumulate": 1, "bias_address": 0x3000},
    ],
)
def test_descriptors_at_the_limit_are_taken(change):
    assert check(dataclasses.replace(PRODUCT, **change), ENGINE) == ErrorCode.NONE


def test_norms_at_the_limit_are_taken():
    engine = dataclasses.replace(ENGINE, reorder_columns=1 << 16, address_bits=32)
    long = dataclasses.replace(NORM, n=1 << 14, m=1, b_address=0x100000, bias_address=0x200000)
    long = dataclasses.replace(long, a_address=0x300000, a_pitch=1 << 16, d_address=0x400000, d_pitch=1 << 16)
    for good in (long, dataclasses.replace(long, epsilon=0x7F7FFFFF)):
        assert check(good, engine) == ErrorCode.NONE
    beyond = dataclasses.replace(long, n=(1 << 14) + 1, a_pitch=1 << 17)
    assert check(beyond, engine) == ErrorCode.SIZE
    plain = dataclasses.replace(beyond, norm=0, epsilon=0, bias=0, gate=0, bias_address=0)
    assert check(plain, engine) == ErrorCode.NONE


def test_without_reorder_unit_its_jobs_are_refused():
    assert check(REORDER, EngineParameters()) == ErrorCode.OPERATION


@pytest.mark.parametrize("fmt", [MemoryFormat.BINARY32, MemoryFormat.BFLOAT16])
def test_rows_of_floats_need_functions(fmt):
    d = dataclasses.replace(REORDER, d_format=fmt, d_mx9_blocks=0, d_pitch=80)
    assert check(d, ENGINE) == ErrorCode.NONE
    assert check(d, dataclasses.replace(ENGINE, function_lanes=0)) == ErrorCode.D_FORMAT


@pytest.mark.parametrize(
    ("base", "change"),
    [
        *((PRODUCT, {"function": f}) for f in Function if f),
        (PRODUCT, {"gate": 1, "bias_address": 0x3000}),
        (PRODUCT, {"gate": 1, "gate_by_row": 1, "bias_address": 0x3000}),
        (PRODUCT, {"scale": 1, "bias_address": 0x3000}),
        (REORDER, {"divide": 1, "a_pitch": 84}),
        (REORDER, {"norm": 1}),
        (REORDER, {"norm": 3}),
        (REORDER, {"norm": 2, "gate": 1, "bias_address": 0x3000}),
    ],
)
def test_without_functions_they_are_refused(base, change):
    job = dataclasses.replace(base, **change)
    assert check(job, ENGINE) == ErrorCode.NONE
    assert check(job, dataclasses.replace(ENGINE, function_lanes=0)) == ErrorCode.FUNCTION


@pytest.mark.parametrize("fmt", MIXABLE_FORMATS)
@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_tensors_survive_memory(fmt, blocks):
    x = np.random.default_rng(5).standard_normal((4, 45), dtype=np.float32)
    t = quantize_rows(x, fmt, blocks)
    rows = to_rows(t)
    assert rows.shape == (4, row_bytes(fmt, 45, blocks))
    same = from_rows(rows, fmt, 45, blocks)
    assert np.array_equal(dequantize(same), dequantize(t))
    if blocks < 3:
        assert describe(t) == (fmt, blocks)


@pytest.mark.parametrize("fmt", MemoryFormat)
def test_a_row_has_the_bytes_of_its_blocks_or_floats(fmt):
    for columns in range(1, 70):
        x = np.ones((2, columns), np.float32)
        for mx9_blocks in range(-(-columns // 16) + 1) if fmt in MIXABLE_FORMATS else (0,):
            if fmt in OPERAND_FORMATS:
                rows = to_rows(quantize_rows(x, fmt, mx9_blocks))
            else:
                rows = floats_to_rows(x, fmt)
                assert np.array_equal(floats_from_rows(rows, fmt), x)
            assert rows.shape == (2, row_bytes(fmt, columns, mx9_blocks))


def test_blocks_have_the_same_codes_in_memory_and_on_streams():
    """Hardware makes the one of the other by cutting bits off."""
    assert [fmt.value for fmt in QUANTIZED_FORMATS] == [fmt.code for fmt in STREAM_FORMATS]


def test_what_memory_cannot_hold_is_refused():
    x = np.zeros((2, 32), np.float32)
    from golden import concat

    with pytest.raises(ValueError, match="not MX6, MX9"):
        to_rows(concat([quantize(x, MX6), quantize(x, MX9)]))
    with pytest.raises(ValueError, match="not MXINT8, MXINT8"):
        to_rows(concat([quantize(x, MXINT8), quantize(x, MXINT8)]))


def test_bfloat16_rounds_to_nearest_even():
    import ml_dtypes

    rng = np.random.default_rng(6)
    bits = np.concatenate([
        rng.integers(0, 1 << 32, 100_000, dtype=np.uint64).astype(np.uint32),
        (np.arange(1 << 16, dtype=np.uint32) << 16) | np.uint32(0x8000),
    ])  # fmt: skip
    x = bits.view(np.float32)
    with np.errstate(invalid="ignore"):
        expected = x.astype(ml_dtypes.bfloat16).view(np.uint16)
    expected[np.isnan(x)] = 0x7FC0
    assert np.array_equal(round_to_bfloat16(x), expected)
    finite = expected[~np.isnan(x)]
    assert np.array_equal(round_to_bfloat16(widen_bfloat16(finite)), finite)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cols", 3, "cols must be one of"),
        ("k_blocks", 3, "k_blocks must be even"),
        ("rows", 0, "rows must be 1"),
        ("drain_rows", 3, "drain_rows must divide rows=8"),
        ("data_bits", 32, "data_bits must be one of"),
        ("reorder_columns", 1, "reorder_columns must be 0, or 16 to 65536, not 1"),
        ("reorder_columns", 15, "reorder_columns must be 0, or 16 to 65536, not 15"),
        ("reorder_columns", 65537, "reorder_columns must be 0 to 65536, not 65537"),
    ],
)
def test_parameters_out_of_range(name, value, message):
    with pytest.raises(ValueError, match=message):
        EngineParameters(**{name: value})
    with pytest.raises(TypeError, match=f"{name} must be an int"):
        EngineParameters(**{name: 8.0})


def test_lanes_of_functions_follow_the_tile():
    lanes = [EngineParameters(rows=n, cols=n).function_lanes for n in (1, 2, 4, 8, 16)]
    assert lanes == [1, 1, 4, 16, 16]
    assert EngineParameters(rows=6, cols=4).function_lanes == 8
    assert EngineParameters(rows=8, cols=8, function_lanes=0).function_lanes == 0
    for wrong in ("8", None):
        with pytest.raises(TypeError, match="rows must be an int"):
            EngineParameters(rows=wrong)
