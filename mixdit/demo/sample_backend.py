"""Products of `mixdit sample --backend rtl`: on the simulated array, each compared with exact mode."""

from math import prod

import torch
from torch import Tensor

from mixdit.demo.simulated_array import K_BLOCKS, simulated_array
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import Operand

__all__ = ["ArrayProduct"]


class ArrayProduct:
    """Multiplies block tensors on a Verilated array.

    Parameters
    ----------
    rows, cols:
        Size of the array.
    k_blocks:
        The longest K in blocks of 16 that it sums up in one go.

    Attributes
    ----------
    outputs, mismatches:
        Values that the array gave, and how many of them differ from exact mode in any bit.
    products, cycles:
        Matrix products, and their clock cycles.

    Raises RuntimeError where the array cannot be built or run.
    """

    def __init__(self, rows: int = 8, cols: int = 8, k_blocks: int = K_BLOCKS):
        self._array = simulated_array(rows, cols, k_blocks)
        self.products = self.outputs = self.mismatches = self.cycles = 0

    def __call__(self, a: BlockTensor | Operand, b: BlockTensor | Operand) -> Tensor:
        """A * B^T of ``[..., M, K]`` and ``[..., N, K]``: float32 ``[..., M, N]``."""
        left, right = _stack(_codes(a)), _stack(_codes(b))
        values = torch.stack([self._matmul(x, y) for x, y in zip(left, right, strict=True)])
        values = values.view(*a.shape[:-1], b.shape[-2])
        expected = matmul(a, b, "exact", self._array.fraction_bits, self._array.k_blocks)
        self.outputs += values.numel()
        self.mismatches += int((values.view(torch.int32) != expected.view(torch.int32)).sum())
        return values

    def _matmul(self, a: BlockTensor, b: BlockTensor) -> Tensor:
        product = self._array.matmul(a.to_golden(), b.to_golden())
        self.products += 1
        self.cycles += product.run.cycles
        return torch.from_numpy(product.values)


def _codes(operand: BlockTensor | Operand) -> BlockTensor:
    return operand.codes if isinstance(operand, Operand) else operand


def _stack(t: BlockTensor) -> list[BlockTensor]:
    """The matrices of a stack ``[..., rows, K]``."""
    count = prod(t.shape[:-2])
    parts = (t.exponents, t.microexponents, t.elements)
    flat = [part.reshape(count, *part.shape[len(t.shape) - 2 :]) for part in parts]
    return [BlockTensor(t.formats, t.k, *(part[i] for part in flat)) for i in range(count)]
