"""Block tensors: validation, concatenation, selection."""

import dataclasses

import numpy as np
import pytest

from golden import MX4, MX6, MX9, MXINT8, MixedTensor, MXTensor, concat, pack, unpack
from golden.formats import Format
from verif.golden.samples import random_tensor, same


def fields(fmt=MX6, k=20, blocks=2, rows=3):
    shape = (rows, blocks)
    return {
        "fmt": fmt,
        "k": k,
        "exponents": np.zeros(shape, np.uint8),
        "microexponents": np.zeros(shape, np.uint8),
        "elements": np.zeros((*shape, fmt.block_size), np.int8),
    }


def with_element(fmt, value):
    made = fields(fmt, k=2 * fmt.block_size)
    made["elements"][1, 1, 3] = value
    return made


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"fmt": "MX6"}, TypeError, "fmt must be a Format such as golden.MX6, not 'MX6'"),
        ({"k": 20.0}, TypeError, r"k must be an int, not 20\.0"),
        ({"k": True}, TypeError, "k must be an int, not True"),
        ({"k": 0}, ValueError, "k must be at least 1, not 0"),
        ({"k": 33}, ValueError, "k=33 takes 3 MX6 blocks of 16, but exponents has 2"),
        ({"k": 16}, ValueError, "k=16 takes 1 MX6 blocks of 16, but exponents has 2"),
        ({"exponents": [[0, 0]]}, TypeError, "exponents must be a NumPy array, not list"),
        ({"exponents": np.zeros((3, 2), np.int8)}, TypeError, "exponents must have dtype uint8, not int8"),
        (
            {"exponents": np.zeros((), np.uint8)},
            ValueError,
            "exponents must have at least the axis of blocks",
        ),
        (
            {"microexponents": np.zeros((3, 2))},
            TypeError,
            "microexponents must have dtype uint8, not float64",
        ),
        (
            {"microexponents": np.zeros((2, 2), np.uint8)},
            ValueError,
            r"microexponents must have shape \(3, 2\), not \(2, 2\)",
        ),
        ({"elements": np.zeros((3, 2, 16), np.int16)}, TypeError, "elements must have dtype int8, not int16"),
        (
            {"elements": np.zeros((3, 2, 8), np.int8)},
            ValueError,
            r"elements must have shape \(3, 2, 16\), not \(3, 2, 8\)",
        ),
        (with_element(MX6, 16), ValueError, "MX6 elements must be -16 to 15, but one is 16"),
        (with_element(MX6, -17), ValueError, "MX6 elements must be -16 to 15, but one is -17"),
        (with_element(MX4, 4), ValueError, "MX4 elements must be -4 to 3, but one is 4"),
        (
            fields(MXINT8, k=64) | {"microexponents": np.full((3, 2), 4, np.uint8)},
            ValueError,
            "MXINT8 has no microexponents, but one block's are 0x4",
        ),
    ],
)
def test_wrong_fields_are_named(change, error, message):
    with pytest.raises(error, match=message):
        MXTensor(**(fields() | change))


@pytest.mark.parametrize(("fmt", "code"), [(MX4, -4), (MX6, -16), (MX9, -128), (MXINT8, -128)])
def test_the_lowest_code_is_accepted(fmt, code):
    assert MXTensor(**with_element(fmt, code)).elements.min() == code


def test_tensors_are_frozen():
    t = MXTensor(**fields())
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.k = 3


def test_selecting_rows():
    t = random_tensor(np.random.default_rng(0), 6, 40, MX6)
    assert same(t[1:3], MXTensor(MX6, 40, t.exponents[1:3], t.microexponents[1:3], t.elements[1:3]))
    assert t[2].shape == (40,)
    assert t[np.array([True, False] * 3)].shape == (3, 40)
    for index in ((0, 0), ..., (slice(None), slice(None))):
        with pytest.raises(IndexError, match="must select among the 1 leading axes"):
            t[index]
    mixed = concat([random_tensor(np.random.default_rng(1), 6, 32, MX9), t])
    assert mixed[1:3].shape == (2, 72)
    assert same(mixed[1:3].parts[1], t[1:3])


def test_concat_flattens_and_keeps_order():
    rng = np.random.default_rng(0)
    parts = [random_tensor(rng, 2, k, f) for k, f in ((32, MX9), (16, MX4), (20, MX6))]
    for joined in (concat(parts), concat([concat(parts[:2]), parts[2]]), MixedTensor(tuple(parts))):
        assert joined.shape == (2, 68)
        assert joined.k == 68
        assert all(a is b for a, b in zip(joined.parts, parts, strict=True))


def test_wrong_parts_are_named():
    rng = np.random.default_rng(0)
    a, b = random_tensor(rng, 2, 20, MX9), random_tensor(rng, 3, 16, MX6)
    with pytest.raises(ValueError, match="multiple of 16, but part 0 has k=20"):
        concat([a, a])
    with pytest.raises(ValueError, match=r"leading axes must be \(3,\) in every part, not \(2,\)"):
        concat([b, a])
    with pytest.raises(ValueError, match="at least 1 tensor, not 0"):
        concat([])
    with pytest.raises(TypeError, match="parts must be MXTensor or MixedTensor, not ndarray"):
        concat([b, np.zeros(3)])
    with pytest.raises(TypeError, match="parts must be MXTensor, not int"):
        MixedTensor((b, 3))
    with pytest.raises(TypeError, match="parts must be a tuple, not list"):
        MixedTensor([b])


@pytest.mark.parametrize(
    ("bits", "block", "sub", "message"),
    [
        (9, 16, 2, "element_bits must be 2 to 8, not 9"),
        (1, 16, 2, "element_bits must be 2 to 8, not 1"),
        (5, 0, 2, "block_size must be at least 1, not 0"),
        (5, 16, 3, "subblock_size must divide block_size 16, not 3"),
    ],
)
def test_wrong_formats_are_named(bits, block, sub, message):
    with pytest.raises(ValueError, match=message):
        Format(name="X", element_bits=bits, block_size=block, subblock_size=sub, code=None)


def test_the_table_of_formats():
    table = {
        f: (f.element_bits, f.block_size, f.subblocks, f.block_bits, f.average_bits) for f in (MX4, MX6, MX9)
    }
    assert table == {MX4: (3, 16, 8, 64, 4), MX6: (5, 16, 8, 96, 6), MX9: (8, 16, 8, 144, 9)}
    assert (MXINT8.block_size, MXINT8.subblocks, MXINT8.block_bits, MXINT8.average_bits) == (32, 0, 264, 8.25)


def test_unpacked_data_does_not_share_memory():
    t = random_tensor(np.random.default_rng(0), 2, 32, MX9)
    data = pack(t)
    u = unpack(data, MX9, 32)
    data[:] = 0
    assert same(t, u)
