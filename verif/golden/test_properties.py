"""Properties that hold for all tensors, on drawn ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

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
    format_codes,
    matmul,
    pack,
    quantize,
    reference,
    reference_exponents,
    round_to_binary32,
    slots,
    split_passes,
    unpack,
)
from golden.formats import STREAM_FORMATS
from verif.golden.samples import bits, random_tensor, same

formats = st.sampled_from(list(FORMATS.values()))
seeds = st.integers(0, 2**32 - 1)
ranges = st.tuples(st.integers(0, 254), st.integers(0, 254)).map(sorted)
fast = settings(max_examples=60, deadline=None)


@st.composite
def tensors(draw, fmt=None, k=None, rows=3, lowest=True):
    rng = np.random.default_rng(draw(seeds))
    length = k or draw(st.integers(1, 100))
    return random_tensor(rng, rows, length, fmt or draw(formats), draw(ranges), lowest=lowest)


@st.composite
def operands(draw):
    """Two matrices in k-blocks of any formats, as lists of one-block tensors."""
    blocks = draw(st.integers(1, 6))
    kinds = st.sampled_from(STREAM_FORMATS)
    spread = draw(ranges)
    sides = []
    for rows in (3, 4):
        rng = np.random.default_rng(draw(seeds))
        sides.append([random_tensor(rng, rows, 16, draw(kinds), spread) for _ in range(blocks)])
    return sides


float_rows = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=70).map(
    lambda words: np.array(words, np.uint32).view(np.float32)
)


@fast
@given(tensors())
def test_packing_is_reversible(t):
    assert same(unpack(pack(t), t.fmt, t.k), t)


@fast
@given(formats, seeds, st.integers(1, 5))
def test_every_image_is_a_tensor_and_packs_back(fmt, seed, blocks):
    data = np.random.default_rng(seed).integers(0, 256, (2, blocks * fmt.block_bytes), np.uint8)
    assert np.array_equal(pack(unpack(data, fmt, blocks * fmt.block_size)), data)


@fast
@given(float_rows, formats)
def test_quantizing_matches_the_scalar_reference(x, fmt):
    t = quantize(x[None], fmt)
    padded = np.zeros(-(-x.size // fmt.block_size) * fmt.block_size, np.float32)
    padded[: x.size] = x
    words = bits(padded).reshape(-1, fmt.block_size).tolist()
    assert reference.blocks_of(t, 0) == [reference.quantize_block(w, fmt) for w in words]


@fast
@given(float_rows, formats)
def test_quantizing_is_idempotent(x, fmt):
    t = quantize(x, fmt)
    assert same(quantize(dequantize(t), fmt), t)


@fast
@given(float_rows, formats)
def test_quantizing_commutes_with_negation(x, fmt):
    t, n = quantize(x, fmt), quantize(-x, fmt)
    assert np.array_equal(n.elements, -t.elements)
    assert np.array_equal(n.exponents, t.exponents)


@fast
@given(float_rows, formats, st.integers(1, 40))
def test_scaling_by_a_power_of_two_only_moves_the_exponents(x, fmt, n):
    x = x[np.isfinite(x)]
    e = bits(x) >> 23 & 0xFF
    x = np.where((e > 0) & (e < 254 - n), x, np.float32(0))
    if x.any():
        t, scaled = quantize(x, fmt), quantize(np.ldexp(x, n), fmt)
        nonzero = t.exponents != 0
        assert np.array_equal(scaled.exponents, np.where(nonzero, t.exponents + n, 0))
        assert np.array_equal(scaled.elements, t.elements)
        assert np.array_equal(scaled.microexponents, t.microexponents)


@fast
@given(tensors(fmt=MX6, lowest=False))
def test_mx6_survives_mx9(t):
    assert same(convert(convert(t, MX9), MX6), t)


@fast
@given(tensors(fmt=MX4))
def test_widening_in_two_steps_is_widening_in_one(t):
    assert same(convert(convert(t, MX6), MX9), convert(t, MX9))


@fast
@given(tensors())
def test_slots_say_what_the_tensor_says(t):
    data, codes = slots(t), format_codes(t)
    by_code = {f.code: f for f in STREAM_FORMATS}
    for i, code in enumerate(codes):
        fmt = by_code[int(code)]
        block = unpack(data[:, i, : fmt.block_bytes].copy(), fmt, 16)
        whole = convert(t, MX9) if t.fmt == MXINT8 else t
        assert np.array_equal(block.elements[:, 0], whole.elements[:, i])
        assert not data[:, i, fmt.block_bytes :].any()


@fast
@given(operands(), st.randoms(use_true_random=False), st.sampled_from([0, 9, 17, 30]))
def test_products_do_not_depend_on_the_order_of_k(sides, random, fraction_bits):
    order = list(range(len(sides[0])))
    random.shuffle(order)
    straight = matmul(concat(sides[0]), concat(sides[1]), fraction_bits=fraction_bits)
    shuffled = matmul(*(concat([side[i] for i in order]) for side in sides), fraction_bits=fraction_bits)
    assert np.array_equal(bits(straight), bits(shuffled))


@fast
@given(operands(), st.randoms(use_true_random=False), st.sampled_from([0, 9, 17, 30]))
def test_products_are_the_passes_in_any_order(sides, random, fraction_bits):
    """The accumulator written out over `split_passes`, in Python integers and a drawn order."""
    a, b = concat(sides[0]), concat(sides[1])
    left, right = split_passes(a), split_passes(b)

    def integers(p):
        t = np.unpackbits(p.microexponents[..., None], axis=-1, bitorder="little")
        return np.where(p.negative, -1, 1) * p.magnitudes.astype(np.int64) << 1 - np.repeat(t, 2, axis=-1)

    x, y = integers(left), integers(right)
    pairs = [(i, j) for i, k in enumerate(left.blocks) for j, n in enumerate(right.blocks) if k == n]
    random.shuffle(pairs)
    top = reference_exponents(a)[:, None].astype(int) + reference_exponents(b)
    want = np.empty(top.shape)
    for row, column in np.ndindex(top.shape):
        acc = 0
        for i, j in pairs:
            shift = int(top[row, column]) - int(left.exponents[row, i]) - int(right.exponents[column, j])
            acc += (int(x[row, i] @ y[column, j]) << fraction_bits) >> shift
        want[row, column] = np.ldexp(float(acc), int(top[row, column]) - fraction_bits - 262)
    got = matmul(a, b, fraction_bits=fraction_bits)
    assert np.array_equal(bits(got), bits(round_to_binary32(want)))


@fast
@given(operands())
def test_products_transpose(sides):
    a, b = concat(sides[0]), concat(sides[1])
    assert np.array_equal(bits(matmul(a, b)), bits(matmul(b, a)).T)


@fast
@given(operands())
def test_blocks_in_wider_formats_change_nothing_but_dropped_bits(sides):
    """With a wide accumulator and no long shift, MX9 codes of an MX6 operand give the same product."""
    for side in sides:
        for part in side:
            part.exponents[:] = 120 + part.exponents % 4
    a, b = concat(sides[0]), concat(sides[1])
    wide = concat([convert(part, MX9) for part in sides[0]])
    assert np.array_equal(bits(matmul(a, b, fraction_bits=24)), bits(matmul(wide, b, fraction_bits=24)))


@fast
@given(seeds, st.integers(0, 3))
def test_a_zero_block_with_no_exponent_changes_nothing(seed, place):
    rng = np.random.default_rng(seed)
    parts = [random_tensor(rng, 3, 16, MX6, (1, 254)) for _ in range(3)]
    other = [random_tensor(rng, 3, 16, MX9, (1, 254)) for _ in range(3)]
    zero = MXTensor(
        MX6, 16, np.zeros((3, 1), np.uint8), np.zeros((3, 1), np.uint8), np.zeros((3, 1, 16), np.int8)
    )
    longer = [*parts[:place], zero, *parts[place:]]
    longer_other = [*other[:place], zero, *other[place:]]
    plain = matmul(concat(parts), concat(other))
    assert np.array_equal(bits(plain), bits(matmul(concat(longer), concat(longer_other))))
