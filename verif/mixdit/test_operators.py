"""Fake quantization and the exact product where PyTorch traces, transforms and differentiates calls."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.autograd import forward_ad

from golden import MX6, MX9
from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear
from mixdit.plan.plan import LinearPlan
from mixdit.tensors.exact_product import exact_product
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import prepare
from mixdit.tensors.quantize import fake_quantize, quantize

pytestmark = pytest.mark.usefixtures("fake_quantizer")

MIXED = (MX9, MX6, MX6)
OTHER = torch.randn(7, 40, generator=torch.Generator().manual_seed(1))


def rounded(x: Tensor) -> Tensor:
    return fake_quantize(x, MIXED)


def multiplied(x: Tensor) -> Tensor:
    return exact_product(x, MIXED, OTHER.to(x.device), MX6)


class Layer(nn.Module):
    """A linear layer and an attention, of the mode given."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        order = tuple(torch.randperm(40).tolist())
        plan = LinearPlan(in_features=40, high_blocks=1, permutation=order)
        self.linear = MXLinear(nn.Linear(40, 40).requires_grad_(False), plan, mode)
        self.attend = MXAttention([MX6, MX9], mode)

    def forward(self, x: Tensor) -> Tensor:
        q = self.linear(x)[None].unflatten(-1, (2, 20)).transpose(1, 2)
        return x + self.attend(q, q, q).transpose(1, 2).flatten(2)[0]


@pytest.fixture(params=["rounded", "multiplied", "fast layers", "exact layers"])
def function(request):
    functions = {"rounded": rounded, "multiplied": multiplied}
    return functions.get(request.param) or Layer(request.param.split()[0])


def x() -> Tensor:
    return torch.randn(5, 40, generator=torch.Generator().manual_seed(0))


def test_fake_tensors_have_shape_and_type(function):
    want = function(x())
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fake = mode.from_tensor(x())
    with mode:
        inside = function(fake)
    for got in (inside, function(fake)):
        assert isinstance(got, FakeTensor)
        assert (got.shape, got.dtype, got.stride()) == (want.shape, want.dtype, want.stride())


def test_meta_tensors_have_shape_and_type(function):
    want = function(x())
    got = (function.to("meta") if isinstance(function, nn.Module) else function)(x().to("meta"))
    assert got.device.type == "meta"
    assert (got.shape, got.dtype, got.stride()) == (want.shape, want.dtype, want.stride())


@pytest.mark.filterwarnings("ignore")  # of what a trace cannot follow
def test_traces_compute_it_anew(function):
    traced = torch.jit.trace(function, x())
    other = torch.randn(5, 40)
    assert torch.equal(traced(other), function(other))


def test_exported_programs_compute_the_same(function):
    class Program(nn.Module):
        def forward(self, x):
            return function(x * 2)

    module = function if isinstance(function, nn.Module) else Program()
    program = torch.export.export(module, (x(),)).module()
    other = torch.randn(5, 40)
    assert torch.equal(program(other), module(other))


def test_compiled_as_one_graph(function):
    torch._dynamo.reset()
    compiled = torch.compile(lambda y: function(y * 2), fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(x()), function(x() * 2))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mapped_over_any_axis(function, axis):
    stack = torch.randn(3, 5, 40)
    want = torch.stack([function(y) for y in stack])
    got = torch.vmap(function, in_dims=axis, out_dims=axis)(stack.movedim(0, axis)).movedim(axis, 0)
    assert torch.equal(got, want)
    twice = torch.vmap(torch.vmap(function))(stack[None])
    assert torch.equal(twice[0], want)


def test_products_mapped_over_either_operand():
    a, b = torch.randn(3, 5, 40), torch.randn(3, 7, 40)
    want = matmul(quantize(a, MIXED), quantize(b, MX6))
    product = partial(exact_product, a_formats=MIXED, b_formats=MX6)
    assert torch.equal(torch.vmap(lambda a, b: product(a=a, b=b))(a, b), want)
    alone = torch.vmap(lambda b: product(a=a[0], b=b), in_dims=1)(b.movedim(0, 1))
    assert torch.equal(alone[0], want[0])


def test_gradients_go_straight_through():
    y = x().half().requires_grad_()
    weight = torch.randn(5, 40).requires_grad_()
    (rounded(y) * weight).sum().backward()
    assert torch.equal(y.grad, weight.detach().half())
    assert torch.equal(weight.grad, rounded(x().half()))


def test_gradients_of_products_are_those_of_the_quantized_operands():
    a, b = x().requires_grad_(), OTHER.clone().requires_grad_()
    want = torch.autograd.grad((rounded(a) @ fake_quantize(b, MX6).mT).square().sum(), (a, b))
    for prepared in (None, prepare(quantize(b, MX6))):
        got = torch.autograd.grad(exact_product(a, MIXED, b, MX6, prepared).square().sum(), (a, b))
        for ours, theirs in zip(got, want, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_layers_can_be_trained(mode):
    """Weight and bias get gradients, and a step changes what the layer computes."""
    torch.manual_seed(0)
    order = tuple(torch.randperm(40).tolist())
    layer = MXLinear(nn.Linear(40, 8), LinearPlan(in_features=40, permutation=order), mode)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    target = torch.randn(5, 8)
    losses = []
    for _ in range(20):
        loss = (layer(x()) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        assert (layer(x()) - target).square().mean() < losses[0] / 2


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # PyTorch's own calls
@pytest.mark.parametrize("function", [rounded, multiplied])
def test_every_mode_of_differentiation_agrees(function):
    y, tangent = x(), torch.randn(5, 40)
    matrix = torch.eye(40) if function is rounded else fake_quantize(OTHER, MX6)
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        assert torch.allclose(jacobian(lambda v: function(v[None])[0])(y[0]), matrix)
    want = tangent @ matrix.T
    assert torch.allclose(torch.func.jvp(function, (y,), (tangent,))[1], want, atol=1e-5)
    with forward_ad.dual_level():
        got = forward_ad.unpack_dual(function(forward_ad.make_dual(y, tangent))).tangent
    assert torch.allclose(got, want, atol=1e-5)
    sums = torch.vmap(torch.func.grad(lambda v: function(v[None]).sum()))(y)
    assert torch.allclose(sums, matrix.sum(0).expand(5, 40), atol=1e-5)


def test_operators_pass_the_checks_of_pytorch():
    a, b = x().requires_grad_(), OTHER.clone().requires_grad_()
    torch.library.opcheck(torch.ops.mixdit.fake_quantize.default, (a, "MX9*1,MX6*2"))
    for prepared in ([], prepare(quantize(b, MX6)).tensors()):
        arguments = (a, "MX9*1,MX6*2", b, "MX6*3", prepared)
        torch.library.opcheck(torch.ops.mixdit.exact_product.default, arguments)
