"""Ten million values each through quantization and exact products: not one bit differs from golden."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

import golden
from golden import MX4, MX6, MX9, Format, concat
from mixdit.digits.checkpoint import load_model
from mixdit.digits.data import load_digits
from mixdit.digits.diffusion import add_noise
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.tensors.matmul import matmul
from mixdit.tensors.quantize import fake_quantize, quantize
from verif.coverage import Coverage
from verif.mixdit.compare import differing, same_codes

VALUES = 10_000_000
BLOCKED = (MX4, MX6, MX9)


def operands_of_a_model(samples: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Both operands of every product in the digits transformer, ``[..., M, K]`` and ``[..., N, K]``, float32.

    Inputs are digits with noise of all timesteps.
    """
    model = load_model("digits-16")
    found: list[tuple[Tensor, Tensor]] = []
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and path.startswith("blocks") and "modulation" not in path:
            module.register_forward_pre_hook(
                lambda m, args: found.append((args[0].flatten(0, -2), m.weight.detach()))
            )
        elif isinstance(module, ScaledDotProductAttention):
            module.register_forward_pre_hook(lambda m, args: found.extend(_attention_operands(*args)))
    images, labels = load_digits()
    generator = torch.Generator().manual_seed(0)
    timesteps = torch.arange(samples) * 1000 // samples
    noise = torch.randn(samples, *images.shape[1:], generator=generator)
    with torch.no_grad():
        model(add_noise(images[:samples], noise, timesteps), timesteps, labels[:samples])
    yield from found


def _attention_operands(q: Tensor, k: Tensor, v: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    yield q, k
    yield (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1), v.mT


def random_rows(rng: np.random.Generator, rows: int, k: int) -> Tensor:
    """Gaussian rows whose blocks differ in size, some by much."""
    spread = rng.choice([0, 1, 4, 15])
    scale = np.exp2(rng.integers(-spread, spread + 1, (rows, -(-k // 16)))).repeat(16, 1)[:, :k]
    return torch.from_numpy((rng.normal(size=(rows, k)) * scale).astype(np.float32))


def formats_for(rng: np.random.Generator, k: int) -> list[Format]:
    """[high k-blocks | low k-blocks], as plans have them."""
    blocks = -(-k // 16)
    high, low = rng.choice(3, 2)
    count = int(rng.integers(0, blocks + 1))
    return [BLOCKED[high]] * count + [BLOCKED[low]] * (blocks - count)


def golden_codes(x: Tensor, formats: list[Format]) -> golden.Tensor:
    parts = [golden.quantize(x[:, 16 * i : 16 * i + 16].numpy(), f) for i, f in enumerate(formats)]
    return concat(parts)


@pytest.mark.slow
@pytest.mark.usefixtures("fake_quantizer")
def test_ten_million_quantized_values(summarize):
    rng = np.random.default_rng(0)
    coverage = Coverage("torch-quantize", source=("random bits", "gaussian", "model"))
    batches = []
    for _ in range(3):
        batches.append(("random bits", rng.integers(0, 1 << 32, (2000, 500), np.uint32).view(np.float32)))
        batches.append(("gaussian", random_rows(rng, 2000, 500).numpy()))
    batches += [("model", x.flatten(0, -2).numpy()) for pair in operands_of_a_model(25) for x in pair]
    for source, x in batches:
        for fmt in golden.FORMATS.values():
            want = golden.quantize(x, fmt)
            t = torch.from_numpy(np.ascontiguousarray(x))
            assert differing(fake_quantize(t, fmt), golden.dequantize(want)) == 0
            assert same_codes(quantize(t, fmt), want)
            coverage.hit(source=source)
            coverage.compared(x.size)
    coverage.require_full()
    assert coverage.tally.outputs >= VALUES
    summarize(coverage)


def compare_products(a: Tensor, b: Tensor, rng: np.random.Generator) -> int:
    """Outputs of a product compared, in random formats; K is shared."""
    fa, fb = formats_for(rng, a.shape[-1]), [BLOCKED[rng.choice(3)]] * -(-a.shape[-1] // 16)
    ours = matmul(quantize(a, fa), quantize(b, fb))
    leading = a.shape[:-2].numel()
    pairs = zip(a.reshape(leading, *a.shape[-2:]), b.reshape(leading, *b.shape[-2:]), strict=True)
    for (x, y), got in zip(pairs, ours.reshape(leading, *ours.shape[-2:]), strict=True):
        want = golden.matmul(golden_codes(x, fa), golden_codes(y, fb))
        assert differing(got, want) == 0
    return ours.numel()


@pytest.mark.slow
def test_ten_million_products(summarize):
    rng = np.random.default_rng(1)
    coverage = Coverage("torch-matmul", source=("random", "linear", "attention"))
    for _ in range(16):
        k = int(rng.integers(1, 130))
        coverage.compared(compare_products(random_rows(rng, 500, k), random_rows(rng, 500, k), rng))
        coverage.hit(source="random")
    for a, b in operands_of_a_model(80):
        coverage.compared(compare_products(a, b, rng))
        coverage.hit(source="linear" if a.ndim == 2 else "attention")
    coverage.require_full()
    assert coverage.tally.outputs >= VALUES
    summarize(coverage)
