"""`golden.functions` in PyTorch: what the hardware makes of floats between products, bit for bit."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from golden import functions
from golden.rounding import add_binary32

__all__ = ["add", "divide_by_column", "exp2", "gelu", "multiply17", "normalize", "silu"]


def _on_arrays(function: Callable[..., np.ndarray], *tensors: Tensor) -> Tensor:
    arrays = (tensor.detach().float().cpu().numpy() for tensor in tensors)
    return torch.from_numpy(np.ascontiguousarray(function(*arrays))).to(tensors[0].device)


def exp2(x: Tensor) -> Tensor:
    """As `golden.functions.exp2`: float32 of the shape of ``x``, any floating dtype and device."""
    return _on_arrays(functions.exp2, x)


def gelu(x: Tensor) -> Tensor:
    """As `golden.functions.gelu`: float32 of the shape of ``x``."""
    return _on_arrays(functions.gelu, x)


def silu(x: Tensor) -> Tensor:
    """As `golden.functions.silu`: float32 of the shape of ``x``."""
    return _on_arrays(functions.silu, x)


def multiply17(x: Tensor, y: Tensor) -> Tensor:
    """As `golden.functions.multiply17`: float32 of the shape to which ``x`` and ``y`` broadcast."""
    return _on_arrays(functions.multiply17, x, y)


def add(x: Tensor, y: Tensor) -> Tensor:
    """As `golden.rounding.add_binary32`: float32 of the shape to which ``x`` and ``y`` broadcast."""
    x, y = torch.broadcast_tensors(x, y)
    return _on_arrays(add_binary32, x, y)


def divide_by_column(x: Tensor) -> Tensor:
    """Rows by their last element: float32 ``[..., width]`` of ``[..., width + 1]``."""
    return _on_arrays(functions.divide_by_column, x[..., :-1], x[..., -1:])


def normalize(x: Tensor, *, eps: float, scale: Tensor, shift: Tensor, mean: bool = True) -> Tensor:
    """As `golden.functions.normalize`: float32 of the shape of ``x``, 1 added to ``scale`` already."""
    return _on_arrays(
        lambda x, scale, shift: functions.normalize(x, eps=eps, scale=scale, shift=shift, mean=mean),
        x,
        scale,
        shift,
    )
