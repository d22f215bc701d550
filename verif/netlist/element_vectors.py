"""What happens at the ports of a processing element, cycle by cycle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import Tensor, matmul, split_passes
from golden.formats import BLOCK_SIZE, SUBBLOCKS
from golden.passes import Passes, reference_exponents
from golden.rounding import round_to_binary32
from hw.array.aligned_accumulator import distance_bits
from hw.array.block_dot import activation_layout, weight_layout
from hw.array.processing_element import ProcessingElement

__all__ = ["Cycle", "Tile", "schedule", "total_of"]

_IDLE_PASSES = 2
"""Most cycles of junk between tiles."""


@dataclass(frozen=True)
class Tile:
    """One output: a row of A and a row of B, each one row along K."""

    a: Tensor
    b: Tensor


@dataclass
class Cycle:
    """Values at the input ports in one cycle; ``expected`` is the total whose low half shows in it."""

    a: list[int]
    b: list[int]
    row_distance: int = 0
    column_distance: int = 0
    first: int = 0
    expected: int | None = None


def _pairs(tile: Tile) -> Iterator[tuple[Passes, int, Passes, int]]:
    """Every pair of passes that the array makes of a tile, by their places in both operands."""
    a, b = split_passes(tile.a), split_passes(tile.b)
    for k in np.unique(a.blocks):
        for i in np.flatnonzero(a.blocks == k):
            for j in np.flatnonzero(b.blocks == k):
                yield a, int(i), b, int(j)


def _signed(p: Passes, i: int) -> NDArray[np.int64]:
    """Elements of a pass times 2**(1 - t)."""
    shift = 1 - np.unpackbits(p.microexponents[0, i : i + 1], bitorder="little").astype(int)
    values = np.where(p.negative[0, i], -1, 1) * p.magnitudes[0, i].astype(np.int64)
    return values << np.repeat(shift, BLOCK_SIZE // SUBBLOCKS)


def total_of(tile: Tile, fraction_bits: int) -> int:
    """The accumulator's total, by section 7 of the contract in unbounded integers."""
    top = int(reference_exponents(tile.a)[0]) + int(reference_exponents(tile.b)[0])
    total = 0
    for a, i, b, j in _pairs(tile):
        shift = top - int(a.exponents[0, i]) - int(b.exponents[0, j])
        total += (int(_signed(a, i) @ _signed(b, j)) << fraction_bits) >> shift
    value = np.array([np.ldexp(float(total), top - fraction_bits - 262)])
    expected = matmul(tile.a, tile.b, fraction_bits=fraction_bits)[0]
    assert np.isnan(expected[0]) or round_to_binary32(value) == expected
    return total


def schedule(element: ProcessingElement, tiles: Sequence[Tile], rng: np.random.Generator) -> list[Cycle]:
    """Cycles in which ``element`` runs ``tiles`` one after the other, junk between some of them."""
    fraction_bits = element.fraction_bits
    passes = sum(sum(1 for _ in _pairs(tile)) + _IDLE_PASSES for tile in tiles)
    cycles = [_junk(rng) for _ in range(passes + element.latency + SUBBLOCKS + 4)]
    activation, weight = activation_layout(), weight_layout()
    most = (1 << distance_bits(fraction_bits)) - 1
    now = 0
    for tile in tiles:
        tops = int(reference_exponents(tile.a)[0]), int(reference_exponents(tile.b)[0])
        start = now
        for a, i, b, j in _pairs(tile):
            for n in range(SUBBLOCKS):
                cycles[now + n].a[n] = _activation(activation, a, i, n)
                cycles[now + n].b[n] = _weight(weight, b, j, n)
            late = cycles[now + element.distance_delay]
            late.row_distance = min(tops[0] - int(a.exponents[0, i]), most)
            late.column_distance = min(tops[1] - int(b.exponents[0, j]), most)
            cycles[now + element.first_delay].first = int(now == start)
            now += 1
        cycles[now - 1 + element.latency].expected = total_of(tile, fraction_bits)
        now += int(rng.integers(0, _IDLE_PASSES + 1))
    return cycles


def _junk(rng: np.random.Generator) -> Cycle:
    def words(layout) -> list[int]:
        return [int(rng.integers(0, 1 << layout.size)) for _ in range(SUBBLOCKS)]

    return Cycle(a=words(activation_layout()), b=words(weight_layout()))


def _elements(p: Passes, i: int, n: int) -> tuple[list[int], list[int], int]:
    """Signs, magnitudes and microexponent of sub-block n of pass i."""
    part = slice(n * BLOCK_SIZE // SUBBLOCKS, (n + 1) * BLOCK_SIZE // SUBBLOCKS)
    signs = [int(s) for s in p.negative[0, i, part]]
    return signs, [int(m) for m in p.magnitudes[0, i, part]], int(p.microexponents[0, i]) >> n & 1


def _activation(layout, p: Passes, i: int, n: int) -> int:
    signs, magnitudes, t = _elements(p, i, n)
    shifted = [m << (1 - t) for m in magnitudes]
    return layout.const({"sign": _bits(signs), "magnitude": shifted}).as_value().value


def _weight(layout, p: Passes, i: int, n: int) -> int:
    signs, magnitudes, t = _elements(p, i, n)
    fields = {"sign": _bits(signs), "magnitude": magnitudes, "microexponent": t}
    return layout.const(fields).as_value().value


def _bits(flags: Sequence[int]) -> int:
    return sum(flag << place for place, flag in enumerate(flags))
