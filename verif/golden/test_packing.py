"""Memory images and stream slots against one long integer per block."""

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
    format_codes,
    pack,
    pack_blocks,
    reference,
    slots,
    unpack,
)
from verif.golden.samples import random_tensor, same

ALL = list(FORMATS.values())


@pytest.mark.parametrize("fmt", ALL, ids=str)
@pytest.mark.parametrize("k", [16, 20, 96])
def test_blocks_match_the_scalar_reference(fmt, k):
    t = random_tensor(np.random.default_rng(k), 20, k, fmt, (0, 255))
    data = pack(t)
    assert data.dtype == np.uint8
    for row in range(20):
        expected = b"".join(reference.pack_block(block) for block in reference.blocks_of(t, row))
        assert data[row].tobytes() == expected
    assert same(unpack(data, fmt, k), t)


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_every_code_in_every_place(fmt):
    """Element i of block r is code r + i: each code visits each place."""
    count, size = 1 << fmt.element_bits, fmt.block_size
    q = ((np.arange(count)[:, None] + np.arange(size)) % count + fmt.min_element).astype(np.int8)
    e = np.arange(count, dtype=np.uint8)[:, None]
    t = MXTensor(fmt, size, e, e if fmt.subblocks else np.zeros_like(e), q[:, None])
    data = pack(t)
    assert data.shape == (count, fmt.block_bytes)
    assert same(unpack(data, fmt, size), t)
    assert [bytes(d) for d in data] == [
        reference.pack_block(b) for i in range(count) for b in reference.blocks_of(t, i)
    ]


def test_a_block_by_hand():
    q = np.array([[1, -1, 0, 15, -16, *[0] * 11]], np.int8)
    t = MXTensor(MX6, 16, np.array([130], np.uint8), np.array([0x81], np.uint8), q)
    word = 1 | 31 << 5 | 0 << 10 | 15 << 15 | 16 << 20
    assert pack(t).tobytes() == bytes([130, 0x81]) + word.to_bytes(10, "little")


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_leading_axes_and_views(fmt):
    t = random_tensor(np.random.default_rng(0), 12, 48, fmt)
    shape = (3, 4, t.exponents.shape[1])
    deep = MXTensor(
        fmt,
        48,
        t.exponents.reshape(shape),
        t.microexponents.reshape(shape),
        t.elements.reshape(*shape, fmt.block_size),
    )
    assert np.array_equal(pack(deep).reshape(12, -1), pack(t))
    assert same(unpack(pack(deep), fmt, 48), deep)
    wide = np.repeat(pack(t), 2, axis=1)
    assert same(unpack(wide[:, ::2], fmt, 48), t)
    assert np.array_equal(pack(t[::2]), pack(t)[::2])
    none = random_tensor(np.random.default_rng(0), 1, 48, fmt)[:0]
    assert same(unpack(pack(none), fmt, 48), none)


def test_slots_hold_each_block_in_the_low_bytes():
    rng = np.random.default_rng(0)
    parts = [random_tensor(rng, 3, k, f) for k, f in ((32, MX9), (48, MX6), (16, MX4), (64, MXINT8))]
    mixed = concat(parts)
    data = slots(mixed)
    assert data.shape == (3, 2 + 3 + 1 + 4, 18)
    assert format_codes(mixed).tolist() == [2, 2, 1, 1, 1, 0, 2, 2, 2, 2]
    assert np.array_equal(data[:, :2], pack_blocks(parts[0]))
    assert np.array_equal(data[:, 2:5, :12], pack_blocks(parts[1]))
    assert np.array_equal(data[:, 5:6, :8], pack_blocks(parts[2]))
    assert np.array_equal(data[:, 6:], pack_blocks(convert(parts[3], MX9)))
    assert not data[:, 2:5, 12:].any()
    assert not data[:, 5, 8:].any()
    assert np.array_equal(slots(parts[1]), data[:, 2:5])


@pytest.mark.parametrize(
    ("data", "fmt", "k", "error", "message"),
    [
        (
            np.zeros(23, np.uint8),
            MX6,
            20,
            ValueError,
            r"k=20 takes 2 MX6 blocks of 12 bytes, 24 in all, but data has shape \(23,\)",
        ),
        (np.uint8(0), MX6, 20, ValueError, r"data has shape \(\)"),
        (np.zeros(24, np.int8), MX6, 20, TypeError, "data must have dtype uint8, not int8"),
        (np.zeros(24, np.uint8), "MX6", 20, TypeError, "fmt must be a Format such as golden.MX6, not 'MX6'"),
        (np.zeros(24, np.uint8), MX6, -1, ValueError, "k must be at least 1, not -1"),
        (np.zeros(24, np.uint8), MX6, 2.5, TypeError, r"k must be an int, not 2\.5"),
    ],
)
def test_wrong_data_is_named(data, fmt, k, error, message):
    with pytest.raises(error, match=message):
        unpack(data, fmt, k)


def test_pack_takes_one_format():
    t = random_tensor(np.random.default_rng(0), 1, 16, MX6)
    with pytest.raises(TypeError, match="t must be an MXTensor, not MixedTensor"):
        pack(concat([t, t]))
    with pytest.raises(TypeError, match="expected MXTensor or MixedTensor, not bytes"):
        slots(b"")
