"""Which blocks of 16 channels get which format."""

from dataclasses import dataclass

import numpy as np

from golden import MX9, Format, MixedTensor, concat, quantize
from golden.formats import BLOCK_SIZE
from mixdit.demo.linear import Array
from mixdit.driver import plan_reordering

__all__ = ["MX9_SHARE", "Plan"]

MX9_SHARE = 0.05
"""Share of the channels that a mixed plan keeps in MX9, rounded up to whole blocks."""


@dataclass(frozen=True)
class Plan:
    """The formats of a product's operands.

    Parameters
    ----------
    name:
        What the tables call it.
    rest:
        Format of the weights, and of the activations.
    mixed:
        Whether the activations of the channels with the largest products are in MX9 instead.
    """

    name: str
    rest: Format
    mixed: bool = False

    def encode(self, x: Array, weight: Array, largest: Array) -> tuple[MixedTensor, MixedTensor]:
        """Both operands in blocks, with the MX9 channels moved to the front of both.

        Parameters
        ----------
        x:
            Activations ``[M, K]``, rounded to binary32 first.
        weight:
            ``[N, K]``, the same.
        largest:
            The largest magnitude to be expected of each channel of ``x``: ``[K]``.
        """
        rows, columns = x.astype(np.float32), weight.astype(np.float32)
        if not self.mixed:
            return concat([quantize(rows, self.rest)]), concat([quantize(columns, self.rest)])
        blocks = int(np.ceil(MX9_SHARE * x.shape[1] / BLOCK_SIZE))
        order = plan_reordering(largest * np.abs(weight).max(axis=0), blocks)
        rows, split = order.consumer(rows), blocks * BLOCK_SIZE
        parts = [quantize(rows[:, :split], MX9), quantize(rows[:, split:], self.rest)]
        return concat(parts), concat([quantize(order.consumer(columns), self.rest)])
