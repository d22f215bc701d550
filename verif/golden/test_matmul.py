"""Matrix products against scalar references, exact fractions and hand-worked cases."""

import numpy as np
import pytest

from golden import (
    FORMATS,
    MX4,
    MX6,
    MX9,
    MXINT8,
    MXTensor,
    accumulator_bits,
    add_binary32,
    concat,
    convert,
    matmul,
    quantize,
    reference,
    reference_exponents,
    split_passes,
)
from golden.matmul import aligned_sum
from golden.operand import NO_PASS, prepare
from golden.stepwise import rectangles, step_by_step
from verif.golden.samples import bits, random_tensor

ALL = list(FORMATS.values())
NAN = 0x7FC00000
SPREADS = {"none": (127, 127), "small": (123, 128), "past F": (110, 130), "whole range": (0, 254)}


def expected(a, b, scalar, *parameters):
    rows, columns = ([reference.blocks_of(t, i) for i in range(t.shape[0])] for t in (a, b))
    return [[scalar(r, c, *parameters) for c in columns] for r in rows]


def mixed(rng, rows, spread, lowest=True):
    parts = [(MX9, 32), (MX6, 48), (MX4, 16), (MXINT8, 32), (MX6, 20)]
    return concat([random_tensor(rng, rows, k, f, spread, lowest=lowest) for f, k in parts])


@pytest.mark.parametrize("spread", SPREADS.values(), ids=SPREADS)
@pytest.mark.parametrize("left", ALL, ids=str)
@pytest.mark.parametrize("right", ALL, ids=str)
def test_aligned_matches_the_scalar_reference(left, right, spread):
    rng = np.random.default_rng(7)
    a, b = random_tensor(rng, 4, 96, left, spread), random_tensor(rng, 5, 96, right, spread)
    assert bits(matmul(a, b)).tolist() == expected(a, b, reference.aligned_dot, 17)


@pytest.mark.parametrize("spread", SPREADS.values(), ids=SPREADS)
@pytest.mark.parametrize("fraction_bits", [0, 3, 17, 29, 34])
def test_aligned_with_mixed_operands(spread, fraction_bits):
    rng = np.random.default_rng(8)
    a, b = mixed(rng, 6, spread), mixed(rng, 5, spread)
    got = matmul(a, b, fraction_bits=fraction_bits)
    assert bits(got).tolist() == expected(a, b, reference.aligned_dot, fraction_bits)
    assert np.array_equal(bits(matmul(b, a, fraction_bits=fraction_bits)), bits(got).T)


@pytest.mark.parametrize("ends", [(0, 8), (244, 254), (60, 70)], ids=str)
def test_results_at_the_ends_of_binary32(ends):
    """Sums below the normal range flush, sums above it are infinite."""
    rng = np.random.default_rng(9)
    other = {0: (120, 140), 244: (120, 140), 60: (58, 72)}[ends[0]]
    a, b = random_tensor(rng, 8, 48, MX9, ends), random_tensor(rng, 8, 48, MX6, other)
    for accumulator, scalar in (("aligned", reference.aligned_dot), ("float32", reference.float32_dot)):
        got = bits(matmul(a, b, accumulator))
        assert got.tolist() == expected(a, b, scalar, *([17] if accumulator == "aligned" else []))
        if ends == (60, 70):
            assert {0, 1 << 31} & set(got.ravel().tolist())
            assert (got & 0x7F800000).any()
        if ends == (244, 254):
            assert (got & 0x7FFFFFFF == 0x7F800000).any()


@pytest.mark.parametrize("fmt", [MX6, MX9], ids=str)
def test_without_long_shifts_the_result_is_the_exact_dot_rounded_once(fmt):
    rng = np.random.default_rng(10)
    a, b = random_tensor(rng, 8, 160, fmt, (124, 128)), random_tensor(rng, 8, 160, MX6, (124, 128))
    got = bits(matmul(a, b)).tolist()
    oracle = expected(a, b, lambda x, y: reference.round_binary32(reference.exact_dot(x, y)))
    assert got == oracle


@pytest.mark.parametrize("spread", SPREADS.values(), ids=SPREADS)
def test_float32_accumulator_matches_the_scalar_reference(spread):
    rng = np.random.default_rng(11)
    a, b = mixed(rng, 6, spread), mixed(rng, 5, spread)
    assert bits(matmul(a, b, "float32")).tolist() == expected(a, b, reference.float32_dot)


def test_both_ways_give_the_same_bits():
    """One product and pass by pass agree wherever no shift drops a bit, and only there must they."""
    rng = np.random.default_rng(12)
    a, b = mixed(rng, 40, (114, 130)), mixed(rng, 30, (118, 130))
    left, right = prepare(a, 0, 10), prepare(b, 0, 10)
    every = (np.arange(40), np.arange(30))
    stepped = np.empty((40, 30))
    step_by_step(stepped, left, right, *every, 17)
    chosen = aligned_sum(left, right, 17)
    assert np.array_equal(chosen, stepped)
    plain = left.values @ right.values.T
    exact = left.shifts.max(axis=1)[:, None] + right.shifts.max(axis=1) <= 17
    assert exact.any()
    assert np.array_equal(plain[exact], stepped[exact])
    assert not np.array_equal(plain[~exact], stepped[~exact])


@pytest.mark.parametrize("seed", range(40))
def test_rectangles_cover_what_they_must_once(seed):
    rng = np.random.default_rng(seed)
    usual = [0.02, 0.3, 0.9][seed % 3]
    shifts = np.array([-1024, *range(20), 40])
    likely = np.where(np.arange(shifts.size) < 4, 1, usual / 10)
    for limit in (0, 3, 17, 22, 38):
        a, b = (rng.choice(shifts, n, p=likely / likely.sum()).astype(np.int16) for n in (30, 25))
        needed = a[:, None].astype(int) + b > limit
        covered = np.zeros(needed.shape, int)
        for rows, columns in rectangles(a, b, limit):
            covered[np.ix_(rows, columns)] += 1
        assert covered.max() <= 1
        assert (covered[needed] == 1).all()
        assert covered.sum() <= 4 * needed.sum()


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_shifts_are_those_of_nonzero_passes(fmt):
    """Blocks with one nonzero element, in every place and of every size, and dense ones."""
    rng = np.random.default_rng(17)
    t = random_tensor(rng, 200, 96, fmt, (0, 254))
    single = rng.integers(0, fmt.block_size, t.exponents.shape)[..., None] == np.arange(fmt.block_size)
    t.elements[:150] *= single[:150]
    t.elements[:150] //= rng.choice([1, 1, 4, 16], (150, 1, 1)).astype(np.int8)
    operand = prepare(t, 0, 6)
    p = split_passes(t)
    assert np.array_equal(operand.reference, reference_exponents(t))
    nonzero = p.magnitudes.any(axis=-1)
    for k in range(6):
        below = np.where(nonzero, operand.reference[:, None] - p.exponents, NO_PASS)[:, p.blocks == k]
        assert np.array_equal(operand.shifts[:, k], below.max(axis=1))


def test_rows_with_nan_blocks_ask_for_no_steps():
    t = random_tensor(np.random.default_rng(0), 3, 64, MX9, (0, 100))
    t.exponents[1, 2] = 255
    assert (prepare(t, 0, 4).shifts[1] == NO_PASS).all()
    assert (prepare(t, 0, 2).shifts[1] != NO_PASS).any()


def test_one_wide_row_and_one_wide_column_do_not_slow_the_rest():
    a, b = np.zeros(100, np.int16), np.zeros(80, np.int16)
    a[3] = b[5] = 30
    assert sum(r.size * c.size for r, c in rectangles(a, b, 17)) == 100 + 80 - 1


def one_row(fmt, blocks):
    """A row from (exponent, elements) per block; elements are padded with zeros, microexponents are 0."""
    q = np.zeros((1, len(blocks), fmt.block_size), np.int8)
    for i, (_, elements) in enumerate(blocks):
        q[0, i, : len(elements)] = elements
    e = np.array([[e for e, _ in blocks]], np.uint8)
    return MXTensor(fmt, q[0].size, e, np.zeros_like(e), q)


@pytest.mark.parametrize("gap", [18, 40, 64, 100, 126, 250])
@pytest.mark.parametrize(("sign", "value"), [(-1, -1), (1, 0)])
def test_a_small_dot_floors_at_any_shift(gap, sign, value):
    """A block far below R adds floor(dot * 2**17 / 2**shift): -1 for a negative dot, however small."""
    a = one_row(MX6, [(252, []), (252 - gap, [sign])])
    b = one_row(MX6, [(100, []), (100, [1])])
    acc = (sign * 4 * 2**17) >> gap
    if gap >= 20:
        assert acc == value
    assert matmul(a, b).item() == np.float32(acc * 2.0 ** (252 + 100 - 17 - 262))


def test_zero_blocks_count_in_the_reference():
    """The zero block with the large E sets R, so the other's low bits are dropped."""
    loud = one_row(MX6, [(150, []), (127, [1])])
    quiet = one_row(MX6, [(127, []), (127, [1])])
    b = one_row(MX6, [(127, [1]), (127, [1])])
    exact = 1 / 64
    assert matmul(quiet, b).item() == exact
    assert matmul(loud, b).item() == 0
    assert matmul(loud, b, fraction_bits=21).item() == exact


@pytest.mark.parametrize(("sign", "result"), [(1, 0.0), (-1, -(2.0**-20))])
def test_an_mx9_zero_block_references_its_high_pass(sign, result):
    """R = E + 1 from a block of zeros in MX9: one more bit goes than R = E would drop."""
    six = one_row(MX6, [(127, [sign])])
    wide = concat([one_row(MX9, [(127 + 18, [])]), six])
    narrow = concat([one_row(MX6, [(127 + 18, [])]), six])
    b = one_row(MX6, [(127, [1]), (127, [1])])
    for a, shift in ((narrow, 18), (wide, 19)):
        acc = (sign * 4 * 2**17) >> shift
        assert matmul(a, b).item() == acc * 2.0 ** (127 + shift + 127 - 17 - 262)


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_the_lowest_codes_everywhere(fmt):
    """All elements -2**m at E = 254: the largest magnitude there is, exact below the limit of binary32."""
    low = [fmt.min_element] * fmt.block_size
    a = one_row(fmt, [(254, low)])
    b = one_row(fmt, [(120, low)])
    assert matmul(a, b).item() == fmt.block_size * 4.0 * 2.0 ** (254 + 120 - 254)
    assert matmul(a, a).item() == np.inf
    negative = one_row(fmt, [(254, [1 << (fmt.magnitude_bits - 1)] * fmt.block_size)])
    assert matmul(a, negative).item() == -np.inf


def test_rows_do_not_depend_on_other_rows():
    rng = np.random.default_rng(13)
    a, b = mixed(rng, 12, (100, 130)), mixed(rng, 9, (100, 130))
    whole = bits(matmul(a, b))
    for i in range(12):
        for j in range(0, 9, 4):
            assert bits(matmul(a[i : i + 1], b[j : j + 1])).item() == whole[i, j]


@pytest.mark.parametrize("accumulator", ["aligned", "float32"])
@pytest.mark.parametrize("k_blocks", [None, 1])
def test_nan_blocks_reach_exactly_their_rows_and_columns(accumulator, k_blocks):
    rng = np.random.default_rng(14)
    a, b = mixed(rng, 6, (120, 127)), mixed(rng, 5, (120, 127))
    clean = bits(matmul(a, b, accumulator, k_blocks=k_blocks))
    a.parts[0].exponents[2, 1] = 255
    a.parts[1].elements[3] = 0
    a.parts[1].exponents[3, 0] = 255  # zeros, and still NaN
    b.parts[3].exponents[4, 0] = 255
    got = bits(matmul(a, b, accumulator, k_blocks=k_blocks))
    nan = np.zeros((6, 5), bool)
    nan[[2, 3]] = nan[:, 4] = True
    assert (got[nan] == NAN).all()
    # A NaN block's E sets no reference of a row without it.
    keep = ~nan
    keep[[2, 3]] = False
    assert np.array_equal(got[keep], clean[keep])


@pytest.mark.parametrize("accumulator", ["aligned", "float32"])
@pytest.mark.parametrize("k_blocks", [1, 2, 3, 4, 9, 10, 50])
def test_chunks_add_in_ascending_order(accumulator, k_blocks):
    rng = np.random.default_rng(15)
    a, b = mixed(rng, 5, (100, 130)), mixed(rng, 4, (100, 130))
    left, right = (concat([convert(p, MX9) if p.fmt == MXINT8 else p for p in t.parts]) for t in (a, b))
    scalar = {"aligned": lambda x, y: reference.aligned_dot(x, y, 17), "float32": reference.float32_dot}
    want = []
    for i in range(5):
        row = reference.blocks_of(left, i)
        for j in range(4):
            column = reference.blocks_of(right, j)
            total = None
            for k in range(0, len(row), k_blocks):
                chunk = scalar[accumulator](row[k : k + k_blocks], column[k : k + k_blocks])
                total = chunk if total is None else reference.add_binary32(total, chunk)
            want.append(total)
    assert bits(matmul(a, b, accumulator, k_blocks=k_blocks)).ravel().tolist() == want


def test_chunk_sums_flush_cancel_and_overflow():
    b = one_row(MX6, [(127, [8]), (127, [8])])
    cases = [
        ((1, [8]), (1, [-9]), 1 << 31),  # 2**-126 - 1.125 * 2**-126 is subnormal: a negative zero
        ((1, [9]), (1, [-8]), 0),
        ((254, [8]), (254, [8]), 0x7F800000),
        ((254, [15] * 16), (254, [-15] * 16), NAN),  # infinity minus infinity
        ((0, [-8]), (0, [-8]), 1 << 31),  # both chunks flush: -0 + -0
        ((0, [-8]), (127, []), 0),  # -0 + +0
    ]
    wide = one_row(MX6, [(127, [8] * 16), (127, [8] * 16)])
    for first, second, pattern in cases:
        a = one_row(MX6, [first, second])
        assert bits(matmul(a, wide if len(first[1]) == 16 else b, k_blocks=1)).item() == pattern


def test_float32_flushes_each_dot_and_starts_from_positive_zero():
    tiny = one_row(MX6, [(0, [-8])])
    one = one_row(MX6, [(127, [8])])
    assert bits(matmul(tiny, one)).item() == 1 << 31
    assert bits(matmul(tiny, one, "float32")).item() == 0
    a = one_row(MX6, [(0, [15]), (0, [15])])  # each below the normal range, their sum above
    b = one_row(MX6, [(127, [8]), (127, [8])])
    assert matmul(a, b).item() == 2 * 15 / 8 * 2.0**-127
    assert matmul(a, b, "float32").item() == 0


def test_order_of_float32_blocks_matters_and_of_aligned_ones_does_not():
    a = one_row(MX6, [(151, [8]), (127, [8]), (127, [8])])
    turned = one_row(MX6, [(127, [8]), (127, [8]), (151, [8])])
    b = one_row(MX6, [(127, [8])] * 3)
    assert matmul(a, b, "float32").item() == 2.0**24
    assert matmul(turned, b, "float32").item() == 2.0**24 + 2
    assert matmul(a, b, fraction_bits=24).item() == matmul(turned, b, fraction_bits=24).item() == 2.0**24 + 2


@pytest.mark.parametrize("k", [16, 20, 32, 33, 64])
def test_mxint8_is_mx9_pairs(k):
    rng = np.random.default_rng(k)
    x, y = rng.normal(size=(2, 6, k)).astype(np.float32)
    a, b = quantize(x, MXINT8), quantize(y, MX6)
    assert np.array_equal(bits(matmul(a, b)), bits(matmul(convert(a, MX9), b)))
    assert np.array_equal(bits(matmul(a, a)), bits(matmul(convert(a, MX9), a)))


def test_products_of_real_size_match_in_both_ways():
    rng = np.random.default_rng(16)
    x = rng.normal(size=(200, 640)).astype(np.float32) * np.exp(2 * rng.normal(size=640)).astype(np.float32)
    y = rng.normal(size=(300, 640)).astype(np.float32)
    a, b = concat([quantize(x[:, :64], MX9), quantize(x[:, 64:], MX6)]), quantize(y, MX6)
    got = matmul(a, b, fraction_bits=9)
    for i, j in ((0, 0), (199, 299), (57, 123), (130, 2)):
        row, column = reference.blocks_of(a, i), reference.blocks_of(b, j)
        assert bits(got[i, j]).item() == reference.aligned_dot(row, column, 9)
    left, right = prepare(a, 0, 40), prepare(b, 0, 40)
    stepped = np.empty((200, 300))
    step_by_step(stepped, left, right, np.arange(200), np.arange(300), 9)
    assert np.array_equal(aligned_sum(left, right, 9), stepped)


def test_the_widest_accumulator_is_exact():
    """Sums of 53 bits: F and the number of blocks at their limit, every element the largest there is."""
    a = one_row(MX6, [(127, [-16] * 16)] * 255 + [(127 - 30, [1])])
    assert accumulator_bits(30, 256) == 54
    row = reference.blocks_of(a, 0)
    assert bits(matmul(a, a, fraction_bits=30)).item() == reference.aligned_dot(row, row, 30)
    assert add_binary32(np.float32([1]), np.float32([2])).item() == 3


@pytest.mark.parametrize(
    ("f", "blocks", "width"), [(17, 1, 33), (17, 2, 34), (17, 72, 40), (17, 64, 39), (0, 3, 18)]
)
def test_accumulator_widths(f, blocks, width):
    assert accumulator_bits(f, blocks) == width


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"accumulator": "int32"}, ValueError, "accumulator must be 'aligned' or 'float32', not 'int32'"),
        ({"fraction_bits": -1}, ValueError, "fraction_bits must be at least 0, not -1"),
        ({"fraction_bits": 17.0}, TypeError, r"fraction_bits must be an int, not 17\.0"),
        ({"k_blocks": 0}, ValueError, "k_blocks must be at least 1, not 0"),
        ({"k_blocks": True}, TypeError, "k_blocks must be an int, not True"),
        (
            {"fraction_bits": 37},
            ValueError,
            "fraction_bits=37 takes an accumulator of 55 bits over 3 k-blocks, .* holds at most 54",
        ),
        ({"b": np.zeros((3, 48))}, TypeError, "b must be MXTensor or MixedTensor, not ndarray"),
        (
            {"a": quantize(np.zeros(48, np.float32), MX4)},
            ValueError,
            r"a must have 2 axes, not shape \(48,\)",
        ),
        (
            {"b": quantize(np.zeros((2, 40), np.float32), MX4)},
            ValueError,
            "a and b must have the same K, not 48 and 40",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    t = quantize(np.zeros((2, 48), np.float32), MX6)
    with pytest.raises(error, match=message):
        matmul(**({"a": t, "b": t} | arguments))


def test_no_rows_and_no_columns():
    t = quantize(np.zeros((2, 48), np.float32), MX6)
    for accumulator in ("aligned", "float32"):
        assert matmul(t[:0], t, accumulator).shape == (0, 2)
        assert matmul(t, t[:0], accumulator, k_blocks=1).shape == (2, 0)
