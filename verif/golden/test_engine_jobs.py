"""The engine's model: what jobs make of memory."""

import dataclasses

import numpy as np
import pytest

from golden import MX6, MX9, add_binary32, dequantize, matmul, quantize
from golden.engine import (
    ErrorCode,
    Function,
    JobResult,
    MemoryFormat,
    Norm,
    floats_from_rows,
    floats_to_rows,
    from_rows,
    quantize_rows,
    row_bytes,
    run,
    run_job,
    to_rows,
)
from golden.functions import divide_by_column, exp2, exponential, gelu, multiply17, normalize, silu
from golden.functions.norm import scaled_epsilon
from verif.golden.engine_descriptors import ENGINE, EXPONENTIAL, NORM, PRODUCT, REORDER, place


@pytest.mark.parametrize("by_row", [0, 1])
@pytest.mark.parametrize("steps", range(16))
@pytest.mark.parametrize("function", Function)
def test_every_epilogue(function, steps, by_row):
    """Scale, bias, function, gate and old D, in this order, in each combination; special values too."""
    scale, bias, gate, accumulate = (steps >> n & 1 for n in range(4))
    rng = np.random.default_rng(steps)
    a, b = (quantize(rng.standard_normal((n, 40), dtype=np.float32), MX6) for n in (3, 20))
    lengths = {"scale": 20 * scale, "bias": 20 * bias, "gate": (3 if by_row else 20) * gate}
    vectors = {name: rng.standard_normal(n, dtype=np.float32) for name, n in lengths.items()}
    for values, special in zip(vectors.values(), (np.inf, 1e-40, np.nan), strict=True):
        values[1:2] = special
    old = rng.standard_normal((3, 20), dtype=np.float32)
    memory = rng.integers(0, 256, 0x4000, dtype=np.uint8)
    d = dataclasses.replace(
        PRODUCT, b_format=1, b_pitch=36, scale=scale, bias=bias, function=function, gate=gate,
        gate_by_row=by_row * gate, accumulate=accumulate,
        bias_address=0x3000 if scale or bias or gate else 0,
    )  # fmt: skip
    place(memory, d.a_address, d.a_pitch, to_rows(a))
    place(memory, d.b_address, d.b_pitch, to_rows(b))
    place(memory, d.d_address, d.d_pitch, old.view(np.uint8))
    place(memory, 0x3000, 0, [np.concatenate(list(vectors.values())).view(np.uint8)])
    expected = memory.copy()
    total = matmul(a, b, k_blocks=2)
    if scale:
        total = multiply17(total, vectors["scale"])
    if bias:
        vectors["bias"][1] = 0
        total = add_binary32(total, np.broadcast_to(vectors["bias"], total.shape))
    total = {0: lambda x: x, 1: exp2, 2: gelu, 3: silu}[function](total)
    if gate:
        of_rows = np.repeat(vectors["gate"], 20).reshape(3, 20) if by_row else vectors["gate"]
        total = multiply17(total, of_rows)
    if accumulate:
        total = add_binary32(total, old)
    place(expected, d.d_address, d.d_pitch, total.view(np.uint8))
    assert run(memory, d, ENGINE) == ErrorCode.NONE
    assert np.array_equal(memory, expected)


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


@pytest.mark.parametrize("fmt", [MemoryFormat.BINARY32, MemoryFormat.BFLOAT16])
@pytest.mark.parametrize("permute", [0, 1])
def test_rows_become_exponentials(fmt, permute):
    """Of the whole row, also of elements that indices leave out."""
    rng = np.random.default_rng(8)
    x = (rng.standard_normal((3, 20)) * [[1], [300], [30000]]).astype(np.float32)
    x[0, 3] = -np.inf
    order = rng.integers(0, 20, 20).astype(np.uint16)
    order[order == x[2].argmax()] = x[2].argmin()
    rows = floats_to_rows(x, fmt)
    memory = np.zeros(0x4000, np.uint8)
    d = dataclasses.replace(EXPONENTIAL, a_format=fmt, permute=permute, b_address=0x1000 * permute)
    place(memory, d.a_address, d.a_pitch, rows)
    place(memory, 0x1000, 0, [order.view(np.uint8)])
    assert run_job(memory, d, ENGINE) == JobResult()
    expected = exponential(floats_from_rows(rows, fmt))[:, order if permute else slice(None)]
    found = [memory[d.d_address + r * d.d_pitch :][:30] for r in range(3)]
    assert np.array_equal(found, to_rows(quantize_rows(expected, MemoryFormat.MX6, 1)))


@pytest.mark.parametrize(
    ("bias", "out_of_range"),
    [(127.9, False), (128.0, True), (np.inf, True), (np.nan, True), (-np.inf, False), (-200.0, False)],
)
@pytest.mark.parametrize("function", [0, 1, 2])
def test_powers_of_two_out_of_range(bias, out_of_range, function):
    """One result that cannot be held is enough; without the function nothing is out of range."""
    memory = np.zeros(0x4000, np.uint8)
    d = dataclasses.replace(PRODUCT, bias=1, bias_address=0x3000, function=function)
    place(memory, d.bias_address, 0, [np.float32([*[0] * 19, bias]).view(np.uint8)])
    assert run_job(memory, d, ENGINE) == JobResult(out_of_range=out_of_range and function == 1)


@pytest.mark.parametrize(
    ("change", "value", "out_of_range"),
    [
        ({"divide": 1, "a_pitch": 84}, 2.0**126, False),
        ({"divide": 1, "a_pitch": 84}, 2.0**126 * 1.001, True),
        ({"divide": 1, "a_pitch": 84}, 0.0, True),
        ({"divide": 1, "a_pitch": 84}, 1e-40, True),
        ({"divide": 1, "a_pitch": 84}, -1.0, True),
        ({"divide": 1, "a_pitch": 84}, np.inf, True),
        ({"divide": 1, "a_pitch": 84}, np.nan, True),
        ({"norm": 1}, np.inf, True),
        ({"norm": 2}, np.nan, True),
        ({"norm": 2}, 3e38, False),
        ({"norm": 3}, np.inf, True),
        ({"norm": 3}, -np.inf, False),
        ({"norm": 3}, np.nan, True),
        ({"norm": 3}, 3e38, False),
        ({}, np.nan, False),
    ],
)
def test_rows_out_of_range(change, value, out_of_range):
    """The last element of one row: what it is divided by, if it is."""
    d = dataclasses.replace(REORDER, permute=0, b_address=0, **change)
    x = np.ones((3, 20 + d.divide), np.float32)
    x[1, -1] = value
    memory = np.zeros(0x4000, np.uint8)
    place(memory, d.a_address, d.a_pitch, x.view(np.uint8))
    assert run_job(memory, d, ENGINE) == JobResult(out_of_range=out_of_range)


def test_a_row_of_masks_alone_is_out_of_range():
    memory = np.zeros(0x4000, np.uint8)
    x = np.zeros((3, 20), np.float32)
    x[2] = -np.inf
    d = dataclasses.replace(EXPONENTIAL, d_format=MemoryFormat.BINARY32, d_mx9_blocks=0, d_pitch=80)
    place(memory, d.a_address, d.a_pitch, x.view(np.uint8))
    assert run_job(memory, d, ENGINE) == JobResult(out_of_range=True)
    found = memory[d.d_address :][:240].view(np.uint32).reshape(3, 20)
    assert (found[:2] == 0x3F800000).all()
    assert (found[2] == 0x7FC00000).all()
