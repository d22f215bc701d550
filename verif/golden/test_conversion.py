"""Conversions: every element code, and the theorem that they equal decoding and quantizing again."""

from fractions import Fraction

import numpy as np
import pytest

from golden import (
    FORMATS,
    MX4,
    MX6,
    MX9,
    MXINT8,
    MXTensor,
    concat,
    convert,
    dequantize,
    quantize,
    stream_parts,
)
from golden.formats import STREAM_FORMATS
from verif.golden.samples import bits, float_blocks, random_tensor, same

NARROWER = [(a, b) for a in STREAM_FORMATS for b in STREAM_FORMATS if a.element_bits > b.element_bits]


def row_of(fmt, elements, exponent=127, micro=0):
    """One row of blocks from a flat list of elements."""
    q = np.resize(np.asarray(elements, np.int8), (-(-len(elements) // 16), 16))
    e = np.full(len(q), exponent, np.uint8)
    return MXTensor(fmt, q.size, e, np.full(len(q), micro, np.uint8), q)


@pytest.mark.parametrize("source", STREAM_FORMATS, ids=str)
@pytest.mark.parametrize("target", STREAM_FORMATS, ids=str)
def test_every_element_code(source, target):
    codes = np.arange(source.min_element, source.max_element + 1)
    t = row_of(source, codes, 77, 0xA5)
    got = convert(t, target)
    limit = target.max_element
    for q, converted in zip(t.elements.ravel(), got.elements.ravel(), strict=True):
        exact = int(q) * Fraction(2) ** (target.magnitude_bits - source.magnitude_bits)
        narrower = target.magnitude_bits < source.magnitude_bits
        assert converted == (max(-limit, min(limit, round(exact))) if narrower else exact)
    assert (got.exponents == 77).all()
    assert (got.microexponents == 0xA5).all()
    assert got.k == t.k


@pytest.mark.parametrize(("source", "target"), NARROWER, ids=str)
@pytest.mark.parametrize("exponent", [1, 2, 5, 8, 9, 127, 254])
def test_narrowing_equals_decoding_and_quantizing_again(source, target, exponent):
    """Every sub-block that an encoder can produce, for blocks that one can produce.

    Given E and one sub-block with t = 0, the other sub-blocks of a block are free, so every sub-block
    beside such a one covers all blocks. What an encoder can produce: with t = 0 an element of
    2**(m-1) or more; no nonzero element below the smallest normal binary32 in size.
    """
    limit = source.max_element
    a, b = (v.ravel() for v in np.meshgrid(np.arange(-limit, limit + 1), np.arange(-limit, limit + 1)))
    for t in (0, 1):
        least = 2.0 ** (-126 - (exponent - 127 - t - (source.magnitude_bits - 1)))
        normal = ((a == 0) | (abs(a) >= least)) & ((b == 0) | (abs(b) >= least))
        made = normal if t else normal & (np.maximum(abs(a), abs(b)) >= 1 << (source.magnitude_bits - 1))
        q = np.zeros((int(made.sum()), 1, 16), np.int8)
        q[:, 0, 0] = limit
        q[:, 0, 6], q[:, 0, 7] = a[made], b[made]
        micro = 0b11111110 if t else 0b11110110
        shape = q.shape[:2]
        block = MXTensor(source, 16, np.full(shape, exponent, np.uint8), np.full(shape, micro, np.uint8), q)
        assert same(quantize(dequantize(block), source), block), "an encoder produces these blocks"
        assert same(convert(block, target), quantize(dequantize(block), target))


@pytest.mark.parametrize(("source", "target"), NARROWER, ids=str)
def test_narrowing_encoder_blocks_of_every_kind(source, target):
    t = quantize(float_blocks(source), source)
    assert same(convert(t, target), quantize(dequantize(t), target))


@pytest.mark.parametrize(("target", "source"), NARROWER, ids=str)
def test_widening_is_lossless_and_comes_back(source, target):
    t = random_tensor(np.random.default_rng(0), 50, 64, source, (0, 255), lowest=False)
    wide = convert(t, target)
    assert np.array_equal(bits(dequantize(wide)), bits(dequantize(t)))
    assert same(convert(wide, source), t)


def test_the_lowest_code_widens_exactly_and_clamps_on_the_way_back():
    t = row_of(MX6, [-16] * 16)
    assert (convert(t, MX9).elements == -128).all()
    assert (convert(convert(t, MX9), MX6).elements == -15).all()
    assert convert(t, MX6) is t


def test_nan_blocks_stay_nan_blocks():
    t = row_of(MX9, list(range(16)), 255, 3)
    for fmt in (MX4, MX6):
        assert (convert(t, fmt).exponents == 255).all()
        assert np.isnan(dequantize(convert(t, fmt))).all()


@pytest.mark.parametrize("k", [10, 16, 17, 32, 40, 64])
def test_mxint8_is_pairs_of_mx9(k):
    t = random_tensor(np.random.default_rng(k), 5, k, MXINT8, (0, 255))
    pairs = convert(t, MX9)
    assert pairs.exponents.shape == (5, -(-k // 16))
    assert np.array_equal(bits(dequantize(pairs)), bits(dequantize(t)))
    assert same(convert(t, MX6), convert(pairs, MX6))
    assert same(stream_parts(t)[0], pairs)
    if k % 16 == 0:
        assert [p.fmt for p in stream_parts(concat([t, t]))] == [MX9, MX9]


@pytest.mark.parametrize("fmt", STREAM_FORMATS, ids=str)
def test_nothing_converts_to_mxint8(fmt):
    with pytest.raises(
        ValueError, match=f"{fmt} does not convert to MXINT8.*dequantize and quantize instead"
    ):
        convert(row_of(fmt, [0] * 16), MXINT8)


def test_wrong_arguments_are_named():
    t = row_of(MX6, [0] * 16)
    with pytest.raises(TypeError, match="t must be an MXTensor, not MixedTensor"):
        convert(concat([t]), MX9)
    with pytest.raises(TypeError, match=r"fmt must be a Format such as golden\.MX6, not 'MX9'"):
        convert(t, "MX9")
    assert set(FORMATS) == {"MX4", "MX6", "MX9", "MXINT8"}
