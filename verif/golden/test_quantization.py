"""Quantization and decoding against the scalar reference."""

import ml_dtypes
import numpy as np
import pytest

from golden import FORMATS, MX6, MX9, MXINT8, MXTensor, concat, dequantize, quantize, reference
from golden.formats import STREAM_FORMATS, Format
from verif.golden.samples import bits, float_blocks, random_tensor, same

ALL = list(FORMATS.values())


def check_against_reference(x: np.ndarray, fmt: Format) -> None:
    t = quantize(x, fmt)
    for i, row in enumerate(bits(x).tolist()):
        assert reference.blocks_of(t, i) == [reference.quantize_block(row, fmt)], f"row {i}: {x[i]}"


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_edges_match_the_scalar_reference(fmt):
    check_against_reference(float_blocks(fmt), fmt)


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_every_bfloat16_pattern_in_random_company(fmt):
    patterns = np.random.default_rng(1).permutation(1 << 16).astype(np.uint32) << 16
    patterns = patterns[(patterns & 0x7F800000) != 0x7F800000][: (0xFF00 // 32) * 32]
    exponents = patterns >> 23 & 0xFF
    order = np.argsort(exponents // 6, kind="stable")  # neighbours within the reach of one block
    check_against_reference(patterns[order].view(np.float32).reshape(-1, fmt.block_size), fmt)


@pytest.mark.parametrize("fmt", STREAM_FORMATS, ids=str)
def test_every_sub_block_of_short_mantissas(fmt):
    """Each pair of values with m + 2 leading bits (ties and their neighbours), beside one that sets E."""
    m = fmt.magnitude_bits if fmt != MX9 else 4  # MX9: the top of its mantissa only, ties included below
    codes = np.arange(-(4 << m), (4 << m) + 1, dtype=np.float32) / np.float32(4 << (m - 1))
    if fmt == MX9:
        codes = np.concatenate([codes, (np.arange(-128, 128) + np.float32(0.5)) / np.float32(64)])
    a, b = (v.ravel() for v in np.meshgrid(codes, codes[:: max(1, codes.size // 40)]))
    x = np.zeros((a.size, 16), np.float32)
    x[:, 0], x[:, 2], x[:, 3] = 1.0, a, b
    x = x[np.abs(x).max(axis=1) < 2]
    check_against_reference(x, fmt)


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_slices_do_not_show(fmt):
    """More blocks than one slice, a last slice that is not full, rare blocks in each."""
    x = np.tile(float_blocks(fmt), (3, 1))
    together = quantize(x, fmt)
    assert same(together[: len(x) // 3], quantize(x[: len(x) // 3], fmt))
    half = dequantize(together)[len(x) // 3 :]
    assert np.array_equal(bits(half), bits(dequantize(together[len(x) // 3 :])))
    flat = quantize(x.reshape(-1), fmt)
    assert np.array_equal(flat.elements, together.elements[:, 0])


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_every_code_decodes_exactly(fmt):
    """Every element at every E and t, against fractions; -2**128 becomes -infinity."""
    codes = np.arange(fmt.min_element, fmt.max_element + 1)
    q = np.resize(codes, (-(-codes.size // fmt.block_size), fmt.block_size)).astype(np.int8)
    for e in (*range(0, 12), 100, 127, *range(248, 256)):
        for micro in (0, 0xFF, 0xA5) if fmt.subblocks else (0,):
            shape = (len(q), 1)
            t = MXTensor(
                fmt, fmt.block_size, np.full(shape, e, np.uint8), np.full(shape, micro, np.uint8), q[:, None]
            )
            got = dequantize(t)
            for i in range(len(q)):
                for value, exact in zip(
                    got[i], reference.decode_block(reference.blocks_of(t, i)[0]), strict=True
                ):
                    if exact is None:
                        assert bits(value[None])[0] == 0x7FC00000
                    elif exact == -(2**128):
                        assert value == -np.inf
                    else:
                        assert np.isfinite(value)
                        assert reference.binary32_value(int(bits(value[None])[0])) == exact
                        assert exact or not np.signbit(value)


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_decoded_values_quantize_to_the_same_codes(fmt):
    t = quantize(float_blocks(fmt), fmt)
    assert same(quantize(dequantize(t), fmt), t)


@pytest.mark.parametrize("fmt", ALL, ids=str)
@pytest.mark.parametrize("k", [1, 15, 16, 17, 33, 72])
def test_padding_is_zero_and_k_is_kept(fmt, k):
    x = np.random.default_rng(k).normal(size=(3, 2, k)).astype(np.float32)
    t = quantize(x, fmt)
    padded = np.zeros((3, 2, -(-k // fmt.block_size) * fmt.block_size), np.float32)
    padded[..., :k] = x
    full = quantize(padded, fmt)
    assert t.shape == (3, 2, k)
    assert np.array_equal(t.elements, full.elements)
    assert np.array_equal(t.microexponents, full.microexponents)
    assert dequantize(t).shape == x.shape
    assert np.array_equal(dequantize(t), dequantize(full)[..., :k])


def test_all_binary16_values_widen_exactly():
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(-1, 16)
    for fmt in (MX6, MX9):
        assert same(quantize(x, fmt), quantize(x.astype(np.float32), fmt))
    smallest = np.full(16, 2.0**-24, np.float16)
    assert (dequantize(quantize(smallest, MX9)) == smallest).all()


def test_bfloat16_widens_exactly():
    x = np.random.default_rng(0).normal(size=(4, 32)).astype(ml_dtypes.bfloat16)
    assert same(quantize(x, MX6), quantize(x.astype(np.float32), MX6))


def test_layouts_of_memory_do_not_matter():
    x = np.random.default_rng(0).normal(size=(32, 48)).astype(np.float32)
    t = quantize(x, MX6)
    assert same(quantize(np.asfortranarray(x), MX6), t)
    assert same(quantize(x.astype(">f4"), MX6), t)
    assert same(quantize(np.repeat(x, 2, axis=1)[:, ::2], MX6), t)
    shifted = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    assert same(quantize(shifted, MX6), t)


def test_input_is_left_alone():
    x = float_blocks(MX9)
    before = x.copy()
    quantize(x, MX9)
    assert np.array_equal(bits(x), bits(before))


def test_no_rows():
    t = quantize(np.zeros((0, 20), np.float32), MX6)
    assert t.shape == (0, 20)
    assert dequantize(t).shape == (0, 20)


def test_mixed_tensor_decodes_part_by_part():
    rng = np.random.default_rng(0)
    nine, six = random_tensor(rng, 3, 32, MX9), random_tensor(rng, 3, 20, MX6)
    assert np.array_equal(
        dequantize(concat([nine, six])), np.concatenate([dequantize(nine), dequantize(six)], axis=1)
    )


@pytest.mark.parametrize(
    ("x", "fmt", "error", "message"),
    [
        (np.zeros(16), MX6, TypeError, "must be float32, float16 or bfloat16, not float64.*rounding twice"),
        (np.zeros(16, np.int8), MX6, TypeError, "not int8"),
        ([1.0, 2.0], MX6, TypeError, "not float64"),
        (np.zeros(16, np.float32), "MX6", TypeError, "fmt must be a Format such as golden.MX6, not 'MX6'"),
        (np.float32(1), MX6, ValueError, "at least 1 axis, not 0"),
        (np.zeros((3, 0), np.float32), MXINT8, ValueError, "at least 1 element, not 0"),
    ],
)
def test_wrong_inputs_are_named(x, fmt, error, message):
    with pytest.raises(error, match=message):
        quantize(x, fmt)


def test_dequantize_refuses_arrays():
    with pytest.raises(TypeError, match="t must be MXTensor or MixedTensor, not ndarray"):
        dequantize(np.zeros(3))
