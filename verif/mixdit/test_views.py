"""Whatever view of memory PyTorch makes of a tensor: golden's bits, or a clear error."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import golden
from golden import FORMATS, MX6, MX9, Format
from mixdit.tensors.exact_product import exact_product
from mixdit.tensors.matmul import matmul
from mixdit.tensors.quantize import dequantize, fake_quantize, quantize
from verif.mixdit.compare import differing, same_codes

pytestmark = pytest.mark.usefixtures("fake_quantizer")


class Named(Tensor):
    """Any subclass."""


def bits(draw, rows: int, columns: int) -> Tensor:
    """Random bit patterns, exponents near each other but for some."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    x = torch.randn(rows, columns, generator=generator)
    x = torch.ldexp(x, torch.randint(-4, 4, x.shape, generator=generator))
    wild = torch.randint(-(2**31), 2**31, x.shape, generator=generator).int().view(torch.float32)
    return torch.where(torch.rand(x.shape, generator=generator) < 0.02, wild, x)


VIEWS = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.mT,
    "every second column": lambda x: x[:, ::2],
    "every third row": lambda x: x[::3],
    "flipped": lambda x: x.flip(-1),
    "expanded rows": lambda x: x[:1].expand(4, -1),
    "expanded columns": lambda x: x[:, :1].expand(-1, 33),
    "overlapping windows": lambda x: x.flatten().unfold(0, min(17, x.numel()), 1),
    "no rows": lambda x: x[:0],
    "one column": lambda x: x[:, -1:],
    "an offset": lambda x: x.flatten()[1:] if x.numel() > 1 else x,
    "more axes": lambda x: x[None, :, None].transpose(0, 1),
    "the imaginary part": lambda x: torch.complex(x, -x).imag,
    "that of a conjugate": lambda x: torch.complex(x, -x).conj().imag,
    "that of a conjugate, transposed": lambda x: torch.complex(x, x).conj().imag.mT,
    "negated lazily": lambda x: torch._neg_view(x),
    "a parameter": lambda x: torch.nn.Parameter(x),
    "with a gradient": lambda x: x.clone().requires_grad_() * 1,
    "a subclass": lambda x: x.as_subclass(Named),
    "float16": lambda x: x.half(),
    "bfloat16, transposed": lambda x: x.bfloat16().mT,
    "bytes at an odd place": lambda x: torch.frombuffer(
        bytearray(b"x" + x.contiguous().numpy().tobytes()), dtype=torch.float32, offset=1
    ),
    "channels last": lambda x: (
        x[None, None].expand(2, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    ),
}


def values(x: Tensor) -> np.ndarray:
    """What a view holds, read element by element."""
    plain = x.detach().resolve_neg().float().as_subclass(Tensor)
    return np.ascontiguousarray(plain.numpy()) if x.numel() else np.zeros(x.shape, np.float32)


@pytest.mark.parametrize("view", VIEWS)
@settings(max_examples=8, deadline=None)
@given(
    data=st.data(),
    fmt=st.sampled_from(list(FORMATS.values())),
    rows=st.integers(1, 5),
    columns=st.integers(1, 40),
)
def test_every_view_has_goldens_bits(view, data, fmt, rows, columns):
    x = VIEWS[view](bits(data.draw, rows, columns))
    before = x.detach().clone()
    want = golden.quantize(values(x), fmt)
    decoded = golden.dequantize(want)
    got = fake_quantize(x, fmt)
    assert got.is_contiguous()
    assert differing(got.detach().as_subclass(Tensor), decoded) == 0
    codes = quantize(x, fmt)
    assert codes.shape == x.shape
    assert same_codes(codes, want)
    assert differing(dequantize(codes), decoded) == 0
    assert torch.equal(x.detach().isnan(), before.isnan())  # what is quantized stays as it is
    assert torch.equal(x.detach().nan_to_num(), before.nan_to_num())


@pytest.mark.parametrize("left", VIEWS)
@settings(max_examples=3, deadline=None)
@given(data=st.data(), right=st.sampled_from(sorted(VIEWS)))
def test_products_of_any_views_have_goldens_bits(left, data, right):
    a, b = VIEWS[left](bits(data.draw, 3, 33)), VIEWS[right](bits(data.draw, 3, 33))
    k = min(a.shape[-1], b.shape[-1])
    a, b = (x.reshape(-1, x.shape[-1])[:, :k] for x in (a, b))
    want = golden.matmul(golden.quantize(values(a), MX9), golden.quantize(values(b), MX6))
    got = exact_product(a, MX9, b, MX6).detach().as_subclass(Tensor)
    assert differing(got, want) == 0
    assert differing(matmul(quantize(a, MX9), quantize(b, MX6)), want) == 0


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 16).to_sparse(), "must be a dense tensor, not a sparse_coo one"),
        (torch.zeros(2, 16).to_mkldnn(), "must be a dense tensor, not a _mkldnn one"),
        (torch.nested.nested_tensor([torch.zeros(2, 16)], layout=torch.jagged), "not a nested one"),
        (torch.zeros(16, dtype=torch.complex64), r"not torch\.complex64"),
        (torch.zeros(16, dtype=torch.complex64).conj(), r"not torch\.complex64"),
        (torch.zeros(16, dtype=torch.float8_e4m3fn), r"not torch\.float8_e4m3fn"),
        *((torch.zeros(16).to(dtype), f"not {dtype}") for dtype in (torch.float64, torch.int8, torch.bool)),
    ],
)
def test_other_tensors_are_refused(x, message):
    for function in (fake_quantize, quantize):
        with pytest.raises(TypeError, match=message):
            function(x, MX6)


def test_formats_of_ones_own_are_refused():
    mine = Format(name="MX5", element_bits=4, block_size=8, subblock_size=2, code=None)
    for function in (fake_quantize, quantize):
        with pytest.raises(
            ValueError, match=r"formats must be of MX4, MX6, MX9, MXINT8, not Format\(name='MX5'"
        ):
            function(torch.zeros(16), mine)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_the_default_type_does_not_matter(dtype):
    x = torch.randn(4, 40)
    mixed = (MX9, MX6, MX9)
    want, product = fake_quantize(x, mixed), exact_product(x, mixed, x, MX6)
    torch.set_default_dtype(dtype)
    try:
        assert torch.equal(fake_quantize(x, mixed), want)
        assert torch.equal(exact_product(x, mixed, x, MX6), product)
    finally:
        torch.set_default_dtype(torch.float32)
