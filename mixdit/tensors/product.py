"""How a quantized layer multiplies its operands."""

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor

from golden import Format
from mixdit.tensors.autocast import without_autocast
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.exact_product import exact_product
from mixdit.tensors.quantize import fake_quantize, quantize

Product = Callable[[BlockTensor, BlockTensor], Tensor]
"""D = A * B^T of codes: float32 ``[..., M, N]`` from ``[..., M, K]`` and ``[..., N, K]``."""

Mode = Literal["fast", "exact"] | Product
"""``"fast"``: quantize, then multiply in binary32. ``"exact"``: the bits of the hardware's accumulator. Or a
function that multiplies codes, such as a simulated array."""


def check_mode(mode: Mode) -> None:
    """Raise ValueError for anything else than a `Mode`."""
    if mode not in ("fast", "exact") and not callable(mode):
        raise ValueError(f"mode must be 'fast', 'exact' or a function of two block tensors, not {mode!r}")


def multiply(
    a: Tensor,
    a_formats: Format | Sequence[Format],
    b: Tensor,
    b_formats: Format | Sequence[Format],
    mode: Mode,
) -> Tensor:
    """Quantize both operands along K and multiply: A * B^T, float32 ``[..., M, N]``.

    ``a`` ``[..., M, K]`` and ``b`` ``[..., N, K]`` are floating point with the same leading axes. Gradients
    go straight through quantization; through a function of one's own, none go.
    """
    if mode == "fast":
        with without_autocast(a):
            return fake_quantize(a, a_formats) @ fake_quantize(b, b_formats).mT
    if mode == "exact":
        return exact_product(a, a_formats, b, b_formats)
    assert callable(mode)
    return mode(quantize(a, a_formats), quantize(b, b_formats))
