"""Operands cut into what the array takes: ``rows`` or ``cols`` lanes by at most ``k_blocks`` blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import MX9, SLOT_BYTES, MXTensor, Tensor, format_codes, slots, stream_parts

__all__ = ["Panel", "panels"]


@dataclass(frozen=True, eq=False)
class Panel:
    """One operand of one tile, as it streams in.

    Parameters
    ----------
    slots:
        uint8 ``[beats, lanes, 18]``, contiguous: a packed block per beat and lane.
    codes:
        uint8 ``[beats]``: the format code of each beat.
    passes:
        int64 ``[beats]``: how many passes each beat's blocks take.
    """

    slots: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    passes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)


def panels(t: Tensor, *, lanes: int, k_blocks: int) -> list[list[Panel]]:
    """Panels of a matrix: for every ``lanes`` rows, a list of its chunks along K.

    Rows are padded to a multiple of ``lanes`` with zero blocks.

    Parameters
    ----------
    t:
        ``[rows, K]``, in any formats; MXINT8 streams as MX9 pairs.
    lanes:
        Rows of one panel.
    k_blocks:
        Blocks of 16 of one chunk; the last one may be shorter.
    """
    codes = format_codes(t)
    blocks = len(codes)
    rows = t.shape[0]
    tiles = -(-rows // lanes)
    padded = np.zeros((tiles * lanes, blocks, SLOT_BYTES), np.uint8)
    padded[:rows] = slots(t)
    data = np.ascontiguousarray(padded.reshape(tiles, lanes, blocks, SLOT_BYTES).swapaxes(1, 2))
    wide = np.zeros((tiles * lanes, blocks), bool)
    wide[:rows] = np.concatenate([_wide_blocks(part) for part in stream_parts(t)], axis=1)
    passes = np.where(codes == MX9.code, 2, 1 + wide.reshape(tiles, lanes, blocks).any(axis=1))
    cuts = [slice(start, start + k_blocks) for start in range(0, blocks, k_blocks)]
    return [[Panel(data[i, cut], codes[cut], passes[i, cut]) for cut in cuts] for i in range(tiles)]


def _wide_blocks(part: MXTensor) -> NDArray[np.bool_]:
    """Blocks with an element -2**m, which takes a second pass in MX4 and MX6: bool ``[rows, blocks]``."""
    wide: NDArray[np.bool_] = (part.elements == part.fmt.min_element).any(axis=-1)
    return wide
