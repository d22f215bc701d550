"""The driver on the golden model behind a port: its results are golden's, its mistakes have names."""

import numpy as np
import pytest

from golden import MX4, MX6, MX9, add_binary32, concat, dequantize, matmul, quantize
from golden.bfloat16 import round_to_bfloat16, widen_bfloat16
from golden.engine import (
    REGISTERS,
    ErrorCode,
    MemoryFormat,
    floats_from_rows,
    floats_to_rows,
    quantize_rows,
)
from golden.functions import divide_by_column, normalize
from mixdit.driver import EngineError, EngineTimeoutError, Gemm, ModelPort
from mixdit.driver.port import PortError
from verif.mixdit.driver.operands import PARAMETERS, A, B, random_rows, same


@pytest.mark.parametrize("fmt", B)
def test_parameters_and_binary32_products(gemm, fmt):
    assert gemm.parameters == PARAMETERS
    assert same(gemm.matmul(A, B[fmt]), matmul(A, B[fmt], k_blocks=4))


@pytest.mark.parametrize("out_format", [MX4, MX6, MX9, MemoryFormat.BFLOAT16])
def test_other_results(gemm, out_format):
    bias = random_rows(4, 33)
    exact = add_binary32(matmul(A, B["MX6"], k_blocks=4), np.broadcast_to(bias, (5, 33)))
    if out_format == MemoryFormat.BFLOAT16:
        expected, blocks = widen_bfloat16(round_to_bfloat16(exact)), 0
    else:
        blocks = 0 if out_format == MX9 else 2
        expected = quantize_rows(exact, MemoryFormat.of(out_format), blocks)
    assert same(gemm.matmul(A, B["MX6"], out_format, mx9_blocks=blocks, bias=bias), expected)


def test_products_chain_in_memory(gemm):
    a, b = gemm.store(A), gemm.store(B["MX6"])
    hidden = gemm.empty((5, 33), MX6, mx9_blocks=1)
    total = gemm.store(np.ones((5, 5), np.float32))
    gemm.product(a, b, hidden)
    gemm.product(hidden, hidden, total, accumulate=True)
    gemm.wait()
    middle = quantize_rows(matmul(A, B["MX6"], k_blocks=4), MemoryFormat.MX6, 1)
    assert same(gemm.load(hidden), middle)
    assert same(gemm.load(total), add_binary32(matmul(middle, middle), np.ones((5, 5), np.float32)))
    part = gemm.load(hidden.rows(1, 3))
    assert same(part, middle[1:3])


def test_reordered_rows(gemm):
    x = random_rows(5, 3, 100)
    order = np.random.default_rng(6).permutation(100)
    d = gemm.empty(x.shape, MX6, mx9_blocks=2)
    gemm.wait(gemm.reorder(gemm.store(x), d, gemm.store_permutation(order)))
    assert same(gemm.load(d), quantize_rows(x[:, order], MemoryFormat.MX6, 2))
    gemm.wait(gemm.reorder(gemm.store(x), d))
    assert same(gemm.load(d), quantize_rows(x, MemoryFormat.MX6, 2))


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_normalized_rows(gemm, norm):
    x, shift, scale = random_rows(14, 3, 100), random_rows(15, 1, 100), random_rows(16, 1, 100)
    order = np.random.default_rng(17).permutation(100)
    vectors, source = gemm.store(np.concatenate([shift, scale])), gemm.store(x)
    placed = {"shift": vectors.rows(0, 1), "scale": vectors.rows(1, 2)}
    d = gemm.empty(x.shape, MX9)
    mean = norm == "layer"
    for names in ([], ["scale"], ["shift"], ["scale", "shift"]):
        for eps in (0.5, np.float32(1e-6), 0):
            given = {name: placed[name] for name in names}
            values = {name: {"shift": shift, "scale": scale}[name] for name in names}
            gemm.wait(gemm.reorder(source, d, norm=norm, epsilon=eps, **given))
            expected = normalize(x, eps=float(eps), mean=mean, **values)
            assert same(gemm.load(d), quantize_rows(expected, MemoryFormat.MX9))
    gemm.wait(gemm.reorder(source, d, gemm.store_permutation(order), norm=norm, **placed))
    expected = normalize(x[:, order], eps=1e-6, mean=mean, scale=scale, shift=shift)
    assert same(gemm.load(d), quantize_rows(expected, MemoryFormat.MX9))


@pytest.mark.parametrize("fmt", [MemoryFormat.BINARY32, MemoryFormat.BFLOAT16])
def test_rows_become_floats(gemm, fmt):
    x = random_rows(18, 3, 101)
    x[0, 0], x.view(np.uint32)[1, 1] = np.inf, 0xFF800001
    source, d = gemm.store(x), gemm.empty((3, 101), fmt)
    divided, narrow = gemm.empty((3, 100), fmt), x.astype(np.float32)
    gemm.wait(gemm.reorder(source, divided, divide=True))
    assert same(gemm.load(divided), rounded(divide_by_column(x[:, :-1], x[:, -1:]), fmt))
    gemm.wait(gemm.reorder(source, d, norm="rms"))
    assert same(gemm.load(d), rounded(normalize(x, eps=1e-6, mean=False), fmt))
    gemm.wait(gemm.reorder(source, d))
    narrow.view(np.uint32)[1, 1] = 0x7FC00000
    assert same(gemm.load(d), rounded(narrow, fmt))


def rounded(x, fmt):
    return floats_from_rows(floats_to_rows(x, fmt), fmt)


def test_matmul_gives_its_memory_back(gemm):
    free = gemm.available
    for _ in range(3):
        gemm.matmul(A, B["MX9"])
        with pytest.raises(ValueError, match="same K"):
            gemm.matmul(A, quantize(random_rows(7, 3, 99), MX6))
    assert gemm.available == free


def test_an_error_has_a_code_and_a_reset_recovers(gemm):
    x, order = gemm.store(random_rows(1, 5, 100)), gemm.store_permutation(np.arange(100))
    d = gemm.empty((5, 100), MX6)
    gemm.reorder(x, d, order)
    gemm.port.write_memory(order.piece.address, np.full(2, 0xFF, np.uint8))  # memory that fails
    gemm.reorder(x, d, order)
    with pytest.raises(
        EngineError,
        match=r"stopped with PERMUTATION at 0x0: an index .* number 2 on .* no other until reset\(\)",
    ) as caught:
        gemm.wait()
    assert (caught.value.code, caught.value.job) == (ErrorCode.PERMUTATION, 2)
    gemm.wait(1)  # which was complete before
    with pytest.raises(EngineError, match="PERMUTATION"):
        gemm.load(d)
    with pytest.raises(EngineError, match="PERMUTATION"):
        gemm.matmul(A, B["MX6"])
    with pytest.raises(PortError, match="doorbell was refused"):
        gemm.port.write32(0x03C, 1)
    gemm.reset()
    assert same(gemm.matmul(A, B["MX6"]), matmul(A, B["MX6"], k_blocks=4))
    with pytest.raises(ValueError, match="job must be one since the last reset, 3 to 3, not 2"):
        gemm.wait(2)


def test_an_error_that_the_driver_does_not_know(gemm):
    gemm.port._words["STATUS"] = REGISTERS["STATUS"].pack(error=1)
    gemm.port._words["ERROR_CODE"] = 99
    with pytest.raises(EngineError, match="unknown code 99 at 0x0: the engine is newer than this driver"):
        gemm.matmul(A, B["MX6"])


def test_memory_runs_out():
    gemm = Gemm(ModelPort(PARAMETERS, size=2048))
    with pytest.raises(MemoryError, match="no room for"):
        gemm.matmul(A, B["MX6"])
    assert gemm.available == 2048


class Silent(ModelPort):
    """An engine that never ends a job."""

    def _run(self) -> None:
        pass


def test_silence_is_an_error():
    gemm = Gemm(Silent(PARAMETERS), timeout=0.05)
    with pytest.raises(
        EngineTimeoutError, match=r"job 1 does not end within 0.05 seconds: wait again, or reset\(\)"
    ):
        gemm.matmul(A, B["MX6"])


class Other(ModelPort):
    def read32(self, offset: int) -> int:
        return 7 if offset == self.wrong else super().read32(offset)


@pytest.mark.parametrize(
    ("offset", "message"),
    [(0, "ID is 0x00000007"), (4, "version 0, not 1"), (8, "no parameters of an engine: drain_rows must be")],
)
def test_other_devices_are_refused(offset, message):
    port = Other(PARAMETERS)
    port.wrong = offset
    with pytest.raises(ValueError, match=message):
        Gemm(port)


def test_arguments_that_mean_the_same(gemm):
    """NumPy's numbers, lists for shapes, and arrays of any strides are as good as others."""
    gemm.timeout = np.float32(5)
    gemm.timeout = float("inf")
    bias = np.repeat(random_rows(4, 33), 2)[::2]
    expected = gemm.matmul(A, B["MX6"], MX6, mx9_blocks=2, bias=bias.copy())
    d = gemm.empty([np.int64(5), np.uint8(33)], MemoryFormat.MX6, np.int32(2))
    assert d.shape == (5, 33)
    row = gemm.store(np.asfortranarray(np.stack([bias, bias]))[:1])
    job = gemm.product(gemm.store(A), gemm.store(B["MX6"]), d, bias=row, accumulate=np.False_)
    gemm.wait(np.int64(job))
    assert same(gemm.load(d.rows(np.int8(0), np.uint16(5))), expected)
    assert same(gemm.matmul(A, B["MX6"], MX6, mx9_blocks=np.uint64(2), bias=bias), expected)
    x = random_rows(5, 100, 3).T
    assert not x.flags.c_contiguous
    assert same(gemm.load(gemm.store(x)), np.ascontiguousarray(x))
    order = gemm.store_permutation(list(range(99, -1, -1)))
    e = gemm.empty(x.shape, MX9)
    gemm.reorder(gemm.store(x), e, order)
    assert same(gemm.load(e), quantize(x[:, ::-1], MX9))


@pytest.mark.parametrize("keep", ["a", "b"])
def test_either_operand_may_stay(gemm, keep):
    a, b = gemm.store(A), gemm.store(B["MX6"])
    d = gemm.empty((5, 33), MemoryFormat.BINARY32)
    gemm.wait(gemm.product(a, b, d, keep=keep))
    assert same(gemm.load(d), matmul(A, B["MX6"], k_blocks=4))


def test_the_larger_operand_is_read_once(gemm):
    wide = quantize(random_rows(8, 4, 64), MX6), quantize(random_rows(9, 400, 64), MX6)
    jobs = []
    gemm.submit = lambda descriptor: jobs.append(descriptor)
    a, b = map(gemm.store, wide)
    gemm.product(a, b, gemm.empty((4, 400), MX6))
    gemm.product(b, a, gemm.empty((400, 4), MX6))
    assert [job.keep_b for job in jobs] == [0, 1]


def test_values_of_results_are_right(gemm):
    """Against plain NumPy: what golden says is also what a product means."""
    product = gemm.matmul(A, B["MX9"])
    assert np.allclose(product, dequantize(A) @ dequantize(B["MX9"]).T, rtol=1e-3, atol=1e-3)


def test_parts_of_matrices_are_operands_and_results(gemm):
    values = random_rows(20, 6, 112)
    stored = concat([quantize(values[:, :48], MX9), quantize(values[:, 48:], MX6)])
    a = gemm.store(stored)
    for start, stop, mx9_blocks in ((0, 20, 2), (32, 90, 1), (48, 112, 0), (64, 65, 0)):
        part = a.columns(start, stop)
        assert part.mx9_blocks == mx9_blocks
        assert np.array_equal(dequantize(gemm.load(part)), dequantize(stored)[:, start:stop])
    rows = a.every(1, 2).columns(48, 96)
    assert rows.shape == (3, 48)
    left, right = quantize(values[1::2, 48:96], MX6), quantize(random_rows(21, 20, 48), MX6)
    assert same(gemm.load(rows), left)
    # A result beside others, on every third row.
    d = gemm.store(quantize(random_rows(22, 9, 96), MX6))
    expected = dequantize(gemm.load(d))
    gemm.product(rows, gemm.store(right), d.every(2, 3).columns(32, 52))
    expected[2::3, 32:64] = 0
    expected[2::3, 32:52] = dequantize(quantize(matmul(left, right, k_blocks=4), MX6))
    assert np.array_equal(dequantize(gemm.load(d)), expected)
    floats = gemm.store(random_rows(23, 4, 10))
    assert same(gemm.load(floats.every(1, 2).columns(3, 8)), random_rows(23, 4, 10)[1::2, 3:8].copy())
