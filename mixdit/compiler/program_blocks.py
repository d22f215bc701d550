"""A program in the place of a digits transformer's blocks."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mixdit.digits.model import DigitsTransformer
from mixdit.layers.modules import copy_structure

__all__ = ["ProgramBlocks", "Run", "with_program"]

Run = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Tokens behind the blocks from tokens and condition, as `mixdit.compiler.program_run.ProgramRunner`."""


class ProgramBlocks(nn.Module):
    """All blocks of a transformer as one: it hands tokens over to an engine, and takes them back.

    Parameters
    ----------
    run:
        What computes the blocks; it says for how many images.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Tokens behind the blocks.

        Parameters
        ----------
        x:
            float32 ``[samples, tokens, width]``.
        condition:
            float32 ``[samples, width]``.

        Returns
        -------
        float32 of the shape of ``x``

        Raises
        ------
        ValueError
            Another number of images than the program is for, and what else ``run`` raises.
        """
        tokens, rows = (np.ascontiguousarray(t.numpy(), np.float32) for t in (x.flatten(0, 1), condition))
        return torch.from_numpy(self._run(tokens, rows)).view_as(x)


def with_program(model: DigitsTransformer, run: Run) -> DigitsTransformer:
    """A copy of a model whose blocks ``run`` computes.

    What lies before and behind them stays in PyTorch: embeddings, the final norm and the final layer. The
    copy shares their parameters.
    """
    result = copy_structure(model)
    result.blocks = nn.ModuleList([ProgramBlocks(run)])
    return result
