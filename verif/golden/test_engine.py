"""The engine's model: descriptors as words, what is refused, and what jobs make of memory."""

import dataclasses
import random

import numpy as np
import pytest

from golden import MX6, MX9, MXINT8, add_binary32, dequantize, matmul, quantize
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
    Norm,
    Operation,
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
from golden.functions import divide_by_column, exp2, gelu, multiply17, normalize, silu
from golden.functions.norm import scaled_epsilon

ENGINE = EngineParameters(k_blocks=2, address_bits=20, reorder_columns=256, function_lanes=4)

PRODUCT = Descriptor(
    m=3, n=20, k=40, a_format=1, b_format=2, d_format=4,
    a_address=0x100, b_address=0x1000, d_address=0x2000, a_pitch=36, b_pitch=54, d_pitch=80,
)  # fmt: skip

REORDER = Descriptor(
    operation=Operation.REORDER, permute=1, m=3, n=20, a_format=4, d_format=1, d_mx9_blocks=1,
    a_address=0x100, b_address=0x1000, d_address=0x2000, a_pitch=80, d_pitch=30,
)  # fmt: skip


NORM = dataclasses.replace(REORDER, norm=Norm.LAYER, epsilon=0x3F800000, bias=1, gate=1, bias_address=0x3000)


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
    (PRODUCT, {"function": 2, "gate": 1, "bias_address": 0x3000}, ErrorCode.FUNCTION),
    (PRODUCT, {"function": 4}, ErrorCode.FUNCTION),
    (PRODUCT, {"function": 1, "accumulate": 1}, ErrorCode.FUNCTION),
    (PRODUCT, {"norm": 1}, ErrorCode.RESERVED_BITS),
    (PRODUCT, {"epsilon": 1}, ErrorCode.RESERVED_BITS),
    (REORDER, {"epsilon": 1}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 0, "epsilon": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 0, "epsilon": 0, "gate": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"bias": 0, "gate": 0}, ErrorCode.RESERVED_BITS),
    (NORM, {"norm": 3}, ErrorCode.FUNCTION),
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
        (REORDER, {"divide": 1, "a_pitch": 84}),
        (REORDER, {"norm": 1}),
        (REORDER, {"norm": 2, "gate": 1, "bias_address": 0x3000}),
    ],
)
def test_without_functions_they_are_refused(base, change):
    job = dataclasses.replace(base, **change)
    assert check(job, ENGINE) == ErrorCode.NONE
    assert check(job, dataclasses.replace(ENGINE, function_lanes=0)) == ErrorCode.FUNCTION


def place(memory, address, pitch, rows):
    for n, row in enumerate(rows):
        memory[address + n * pitch : address + n * pitch + len(row)] = row


@pytest.mark.parametrize("gate", [0, 1])
def test_product_with_bias_gate_and_old_d(gate):
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal((n, 40), dtype=np.float32) for n in (3, 20))
    a, b = quantize(a, MX6), quantize(b, MX9)
    bias, old = rng.standard_normal(20, dtype=np.float32), rng.standard_normal((3, 20), dtype=np.float32)
    bias[3], old[1, 2] = np.float32(1e-40), np.nan
    memory = rng.integers(0, 256, 0x4000, dtype=np.uint8)
    d = dataclasses.replace(PRODUCT, bias=1, bias_address=0x3000, accumulate=1, gate=gate, d_pitch=88)
    place(memory, d.a_address, d.a_pitch, to_rows(a))
    place(memory, d.b_address, d.b_pitch, to_rows(b))
    place(memory, d.d_address, d.d_pitch, old.view(np.uint8))
    gates = rng.standard_normal(20, dtype=np.float32)
    gates[5] = np.inf
    place(memory, d.bias_address, 80, [bias.view(np.uint8), gates.view(np.uint8)])
    expected = memory.copy()
    total = matmul(a, b, k_blocks=2)
    bias[3] = 0
    total = add_binary32(total, np.broadcast_to(bias, (3, 20)))
    total = add_binary32(multiply17(total, gates) if gate else total, old)
    place(expected, d.d_address, d.d_pitch, total.view(np.uint8))
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    assert np.array_equal(memory, expected)


@pytest.mark.parametrize(("function", "of"), [(1, exp2), (2, gelu), (3, silu)])
def test_product_goes_through_a_function(function, of):
    """After the bias; columns behind N are zeros, also where the function of 0 is 1."""
    rng = np.random.default_rng(5)
    a, b = (quantize(rng.standard_normal((n, 40), dtype=np.float32), MX6) for n in (3, 20))
    bias = rng.standard_normal(20, dtype=np.float32)
    memory = rng.integers(0, 256, 0x4000, dtype=np.uint8)
    d = dataclasses.replace(
        PRODUCT,
        b_format=1,
        b_pitch=36,
        bias=1,
        bias_address=0x3000,
        function=function,
        d_format=1,
        d_pitch=24,
    )
    place(memory, d.a_address, d.a_pitch, to_rows(a))
    place(memory, d.b_address, d.b_pitch, to_rows(b))
    place(memory, d.bias_address, 0, [bias.view(np.uint8)])
    values = of(add_binary32(matmul(a, b, k_blocks=2), np.broadcast_to(bias, (3, 20))))
    padded = np.zeros((3, 32), np.float32)
    padded[:, :20] = values
    expected = memory.copy()
    place(expected, d.d_address, d.d_pitch, to_rows(quantize(padded, MX6)))
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    assert np.array_equal(memory, expected)


def test_reorder_puts_chosen_columns_into_mx9():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((3, 20), dtype=np.float32)
    order = rng.permutation(20).astype(np.uint16)
    memory = np.zeros(0x4000, np.uint8)
    place(memory, REORDER.a_address, REORDER.a_pitch, x.view(np.uint8))
    place(memory, REORDER.b_address, 0, [order.view(np.uint8)])
    assert run(memory, REORDER, ENGINE) == ErrorCode.NONE
    rows = memory[0x2000 : 0x2000 + 90].reshape(3, 30)
    result = from_rows(rows, MemoryFormat.MX6, 20, 1)
    assert np.array_equal(dequantize(result)[:, :16], dequantize(quantize(x[:, order[:16]], MX9)))
    assert np.array_equal(dequantize(result)[:, 16:], dequantize(quantize(x[:, order[16:]], MX6)))
    memory[0x1000:0x1002] = (20, 0)
    assert run(memory, REORDER, ENGINE) == ErrorCode.PERMUTATION


@pytest.mark.parametrize("permute", [0, 1])
def test_rows_are_divided_by_their_last_element(permute):
    rng = np.random.default_rng(6)
    x = rng.standard_normal((3, 21), dtype=np.float32)
    order = rng.permutation(20).astype(np.uint16)
    memory = np.zeros(0x4000, np.uint8)
    d = dataclasses.replace(REORDER, divide=1, a_pitch=84, permute=permute)
    d = d if permute else dataclasses.replace(d, b_address=0)
    place(memory, d.a_address, d.a_pitch, x.view(np.uint8))
    place(memory, 0x1000, 0, [order.view(np.uint8)])
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    quotients = divide_by_column(x[:, :20], x[:, 20:])
    expected = quantize_rows(quotients[:, order] if permute else quotients, MemoryFormat.MX6, 1)
    rows = [memory[d.d_address + r * d.d_pitch :][:30] for r in range(3)]
    assert np.array_equal(rows, to_rows(expected))


@pytest.mark.parametrize("fmt", [MemoryFormat.BINARY32, MemoryFormat.BFLOAT16])
def test_rows_of_floats_have_one_nan(fmt):
    """Other values keep all of their bits, subnormal ones too, or are rounded."""
    bits = np.array([1, 0x80000000, 0x7F800001, 0xFFFFFFFF, 0x3F80C000, 0xFF800000] * 10, np.uint32)
    memory = np.zeros(0x4000, np.uint8)
    place(memory, REORDER.a_address, REORDER.a_pitch, bits.reshape(3, 20).view(np.uint8))
    d = dataclasses.replace(REORDER, d_format=fmt, d_mx9_blocks=0, d_pitch=80, permute=0, b_address=0)
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    wide = [1, 0x80000000, 0x7FC00000, 0x7FC00000, 0x3F80C000, 0xFF800000]
    short = [0, 0x8000, 0x7FC0, 0x7FC0, 0x3F81, 0xFF80]
    size = row_bytes(fmt, 20)
    rows = np.stack([memory[d.d_address + r * d.d_pitch :][:size] for r in range(3)])
    found = rows.view("<u4" if fmt == MemoryFormat.BINARY32 else "<u2").reshape(-1).tolist()
    assert found == (wide if fmt == MemoryFormat.BINARY32 else short) * 10


@pytest.mark.parametrize("norm", [Norm.LAYER, Norm.RMS])
@pytest.mark.parametrize(("bias", "gate", "permute"), [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)])
def test_rows_are_normalized_and_modulated(norm, bias, gate, permute):
    """Vectors are in the order of D, and so are rows of indices that name an element twice."""
    rng = np.random.default_rng(7)
    x, shift, scale = (rng.standard_normal((n, 20), dtype=np.float32) for n in (3, 1, 1))
    x[1, 3], shift[0, 2] = np.inf, np.float32(1e-40)
    order = rng.integers(0, 20, 20).astype(np.uint16)
    memory = np.zeros(0x4000, np.uint8)
    eps = 0.25
    d = dataclasses.replace(
        NORM,
        norm=norm,
        bias=bias,
        gate=gate,
        permute=permute,
        epsilon=int(scaled_epsilon(eps, 20).view("u4")),
    )
    d = dataclasses.replace(d, b_address=d.b_address * permute, bias_address=0x3000 * (bias | gate))
    place(memory, d.a_address, d.a_pitch, x.view(np.uint8))
    place(memory, 0x1000, 0, [order.view(np.uint8)])
    vectors = [*([shift] if bias else []), *([scale] if gate else [])]
    place(memory, 0x3000, 80, [vector[0].view(np.uint8) for vector in vectors])
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    expected = np.zeros((3, 20), np.float32)
    for i, source in enumerate(order if permute else range(20)):
        options = {"scale": scale[0, i] if gate else 1.0, "shift": shift[0, i] if bias else 0.0}
        expected[:, i] = normalize(x, eps=eps, mean=norm == Norm.LAYER, **options)[:, source]
    rows = [memory[d.d_address + r * d.d_pitch :][:30] for r in range(3)]
    assert np.array_equal(rows, to_rows(quantize_rows(expected, MemoryFormat.MX6, 1)))


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
