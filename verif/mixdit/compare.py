"""Comparing torch with golden, and where to compute."""

import numpy as np
import pytest
import torch
from torch import Tensor

import golden
from mixdit.tensors.block_tensor import BlockTensor
from verif.golden.samples import bits, same

_needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

DEVICES = ["cpu", pytest.param("cuda", marks=_needs_gpu)]


def differing(got: Tensor, want: np.ndarray) -> int:
    """Values whose bits differ; shapes must agree."""
    assert got.shape == want.shape
    return int(np.count_nonzero(bits(got.cpu().numpy()) != bits(want)))


def same_codes(got: BlockTensor, want: golden.Tensor) -> bool:
    """Whether a torch tensor holds the codes of a golden one."""
    ours = got.to_golden()
    return len(ours.parts) == len(want.parts) and all(map(same, ours.parts, want.parts))
