"""Rows of finite elements for units of norms, and their beats."""

import numpy as np
from amaranth.hdl import Const
from amaranth.lib import data

from hw.block.binary32 import BINARY32_BITS
from hw.stream.packet import packet_layout
from verif.golden.functions.patterns import PATTERNS, rows
from verif.golden.samples import bits

__all__ = ["beats", "largest_exponent", "tried_rows"]

FINITE = [pattern for pattern in PATTERNS if pattern & 0x7FFFFFFF < 0x7F800000]


def tried_rows(width: int) -> list[np.ndarray]:
    """Rows as bit patterns: those of the model's tests, of any patterns, of -0, with one large element."""
    rng = np.random.default_rng(width)
    found = [bits(row) for row in rows(rng, width)]
    found += [rng.choice(FINITE, width) for _ in range(3)]
    outlier = bits(rng.normal(size=width).astype(np.float32))
    outlier[width // 2] = 0x7F7FFFFF
    return [np.asarray(row, np.uint32) for row in (*found, np.full(width, 1 << 31), outlier)]


def largest_exponent(row: np.ndarray) -> int:
    return int((row >> 23 & 0xFF).max())


def beats(row: np.ndarray, lanes: int, behind: int = 0) -> list[int]:
    """A row's packet, ``lanes`` elements a beat, with ``behind`` behind the last ones, as bit patterns."""
    layout = packet_layout(data.ArrayLayout(BINARY32_BITS, lanes), 8)
    padded = np.append(row, np.full(-len(row) % lanes, behind, np.uint32)).reshape(-1, lanes)
    user = largest_exponent(row)
    return [
        Const.cast(layout.const({"data": part, "user": user, "last": n == len(padded) - 1})).value
        for n, part in enumerate(padded.tolist())
    ]
