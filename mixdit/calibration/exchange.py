"""Better company for channels: who shares a block with whom, and who is an outlier, by local search."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from golden import Format
from golden.formats import BLOCK_SIZE
from mixdit.tensors.quantize import fake_quantize

__all__ = ["exchange"]

ROWS = 256
"""Tokens that errors are measured on; four times as many find no better order."""


def exchange(
    order: Tensor,
    formats: Sequence[Format],
    sample: Tensor,
    weight: Tensor,
    rounds: int,
    generator: torch.Generator,
) -> Tensor:
    """Let pairs of blocks exchange a channel wherever that lowers their error.

    A block's exponent follows its largest channel, so it matters whom a channel sits beside, and one that
    spoils a low block may deserve the high format more than another that has it. In each round, random pairs
    of blocks, of either format, try to exchange one random channel each.

    Parameters
    ----------
    order:
        int64 ``[K]``: the channel at each place to begin with.
    formats:
        The format of each block of 16 places.
    sample:
        float32 ``[n, K]``: tokens, channels in their natural order.
    weight:
        float32 ``[K]``: what the squared error of each channel counts.
    rounds:
        How often to try. A quantization of `ROWS` tokens each.
    generator:
        Of tokens, pairs and channels.

    Returns
    -------
    int64 ``[K]``: an order of no more error on these tokens.
    """
    x = sample[torch.randperm(len(sample), generator=generator)[:ROWS]]
    blocks = len(formats)
    sizes = torch.full((blocks,), BLOCK_SIZE)
    sizes[-1] = len(order) - BLOCK_SIZE * (blocks - 1)

    def errors(order: Tensor) -> Tensor:
        """Of each block."""
        values = x.index_select(1, order)
        of_channel = (fake_quantize(values, formats) - values).square_().sum(0) * weight[order]
        return functional.pad(of_channel, (0, -len(order) % BLOCK_SIZE)).view(blocks, BLOCK_SIZE).sum(1)

    now = errors(order)
    for _ in range(rounds):
        paired = torch.randperm(blocks, generator=generator)[: blocks // 2 * 2]
        places = BLOCK_SIZE * paired + (torch.rand(len(paired), generator=generator) * sizes[paired]).long()
        (a, b), (here, there) = paired.chunk(2), places.chunk(2)
        tried = order.clone()
        tried[here], tried[there] = order[there], order[here]
        then = errors(tried)
        better = then[a] + then[b] < now[a] + now[b]
        places = torch.cat((here[better], there[better]))
        changed = torch.cat((a[better], b[better]))
        order = order.index_put((places,), tried[places])
        now[changed] = then[changed]
    return order
