"""Orders of channels: those that need precision first, in an order that the hardware gathers fast.

The reorder unit keeps a row in 16 banks, element i in bank i mod 16, and gathers a block of 16 elements
in as many cycles as it takes from its busiest bank. The order inside the MX9 blocks, and inside the rest, is
free, so blocks can be made of elements from different banks.

Where a linear layer produces the tensor, reordering costs nothing: permute that layer's weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats import BLOCK_SIZE
from mixdit.driver import arguments

BANKS = BLOCK_SIZE
"""Banks of the reorder unit."""


@dataclass(frozen=True, eq=False)
class Reordering:
    """An order of channels whose first ``mx9_blocks`` blocks of 16 are to be MX9.

    Attributes
    ----------
    permutation:
        intp ``[channels]``: channel ``permutation[i]`` goes to place i.
    mx9_blocks:
        Blocks at the start that are to be MX9.

    Raises
    ------
    TypeError, ValueError
        No permutation; more MX9 blocks than it fills; weights of another number of channels.
    """

    permutation: NDArray[np.intp]
    mx9_blocks: int

    def __post_init__(self) -> None:
        order = arguments.order("permutation", self.permutation)
        object.__setattr__(self, "permutation", order)
        object.__setattr__(self, "mx9_blocks", _blocks(self.mx9_blocks, order.size))

    @property
    def inverse(self) -> NDArray[np.intp]:
        """Places: intp ``[channels]``, channel c is at place ``inverse[c]``."""
        return np.argsort(self.permutation)

    @property
    def cycles(self) -> int:
        """Cycles that the reorder unit takes for one row."""
        banks = self.permutation % BANKS
        blocks = [banks[start : start + BLOCK_SIZE] for start in range(0, banks.size, BLOCK_SIZE)]
        return sum(int(np.bincount(block).max()) for block in blocks)

    def producer(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Weights ``[channels, ...]`` (or a bias ``[channels]``) of the layer that makes the tensor."""
        return self._checked(weights, 0)[self.permutation]

    def consumer(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Weights ``[..., channels]`` of a layer that takes the tensor; a tensor itself, too."""
        return self._checked(weights, -1)[..., self.permutation]

    def _checked(self, weights: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
        if not isinstance(weights, np.ndarray):
            raise TypeError(f"weights must be a NumPy array, not {arguments.kind(weights)}")
        channels = self.permutation.size
        if weights.ndim == 0 or weights.shape[axis] != channels:
            where = "first" if axis == 0 else "last"
            raise ValueError(
                f"weights must have {channels} channels on its {where} axis, not shape {weights.shape}"
            )
        return weights


def plan_reordering(importance: ArrayLike, mx9_blocks: int, *, balance: bool = False) -> Reordering:
    """Put the most important channels into MX9 blocks, and arrange all blocks for the reorder unit.

    Parameters
    ----------
    importance:
        ``[channels]``: how much each channel needs precision, for example its largest magnitude.
    mx9_blocks:
        Blocks of 16 to be MX9.
    balance:
        Choose an equal number of MX9 channels from each bank, the most important ones of that bank, so
        that every whole block takes one cycle. Left out, the most important channels are chosen wherever
        they are; one bank may then hold more of them than there are blocks, which takes a cycle for each
        one too many.

    Returns
    -------
    Reordering
        Within those choices, its ``cycles`` are close to the fewest possible.

    Raises
    ------
    TypeError, ValueError
        Importances that are no real numbers; no channel, an importance that is NaN, or more MX9 blocks than
        channels fill.
    """
    try:
        found = np.asarray(importance)
    except ValueError:
        raise ValueError("importance must have one axis, not rows of different lengths") from None
    if found.dtype.kind not in "iuf":
        raise TypeError(f"importance must hold real numbers, not {found.dtype}")
    balance = arguments.flag("balance", balance)
    rank = found.astype(np.float64)
    if rank.ndim != 1 or rank.size == 0:
        raise ValueError(f"importance must hold one number per channel, not shape {rank.shape}")
    if np.isnan(rank).any():
        raise ValueError("importance must not be NaN")
    mx9_blocks = _blocks(mx9_blocks, rank.size)
    order = np.argsort(-rank, kind="stable")
    count = min(mx9_blocks * BLOCK_SIZE, rank.size)
    if balance and count < rank.size:
        place_in_bank = np.empty(rank.size, np.intp)
        for bank in range(BANKS):
            mine = order[order % BANKS == bank]
            place_in_bank[mine] = np.arange(mine.size)
        chosen = order[np.argsort(place_in_bank[order] >= mx9_blocks, kind="stable")]
        order = chosen
    precise, rest = order[:count], order[count:]
    return Reordering(np.concatenate([_arrange(precise), _arrange(rest)]), mx9_blocks)


def _blocks(mx9_blocks: int, channels: int) -> int:
    return arguments.integer(
        f"mx9_blocks, for {channels} channels,", mx9_blocks, 0, -(-channels // BLOCK_SIZE)
    )


def _arrange(channels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Order channels such that each block of 16 takes evenly from the banks; an incomplete one comes last."""
    banks = [[int(channel) for channel in channels if channel % BANKS == bank] for bank in range(BANKS)]
    tail = [max(banks, key=len).pop() for _ in range(channels.size % BLOCK_SIZE)]
    placed: list[int] = []
    for _ in range(channels.size // BLOCK_SIZE):
        # The fewest cycles that can fill this block, and within those the fullest banks first.
        cycles = 1
        while sum(min(len(bank), cycles) for bank in banks) < BLOCK_SIZE:
            cycles += 1
        taken = [0] * BANKS
        for _ in range(BLOCK_SIZE):
            open_banks = [n for n in range(BANKS) if taken[n] < cycles]
            fullest = max(open_banks, key=lambda n: len(banks[n]))
            placed.append(banks[fullest].pop())
            taken[fullest] += 1
    return np.array(placed + tail, np.intp)
