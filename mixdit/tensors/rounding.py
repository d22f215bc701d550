"""Binary64 to binary32, and binary32 addition, as the hardware does both: `golden.rounding` in PyTorch."""

import numpy as np
import torch
from torch import Tensor

from golden.rounding import QUIET_NAN

_SMALLEST_NORMAL = 2.0**-126
_ROUNDS_UP_TO_NORMAL = 2.0**-126 - 2.0**-151
QUIET_NAN_BITS = int(np.array(QUIET_NAN).astype(np.int32))


def canonical_nan(x: Tensor) -> Tensor:
    """Write 0x7FC00000 over every NaN of a float32 tensor, in place."""
    x.view(torch.int32).masked_fill_(x.isnan(), QUIET_NAN_BITS)
    return x


def round_to_binary32(exact: Tensor) -> Tensor:
    """Round float64 once to float32, subnormal results flushed: `golden.round_to_binary32`."""
    result = (exact + 0.0).float()  # -0 becomes +0
    size = exact.abs()
    small = (size < _SMALLEST_NORMAL) & (size != 0)
    if small.any():
        kept = torch.where(size >= _ROUNDS_UP_TO_NORMAL, _SMALLEST_NORMAL, 0.0)
        result = torch.where(small, torch.copysign(kept, exact).float(), result)
    return canonical_nan(result)


def add_binary32(x: Tensor, y: Tensor) -> Tensor:
    """Sum of float32 tensors, ties to even, subnormal sums flushed: `golden.add_binary32`."""
    total = x + y
    small = total.abs() < _SMALLEST_NORMAL
    total = torch.where(small, torch.copysign(torch.zeros_like(total), total), total)
    return torch.where(total.isnan(), torch.nan, total)  # the quiet NaN, by operations that have gradients
