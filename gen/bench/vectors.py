"""Beats for designs of streams, and what golden makes of them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from golden import Tensor, concat, format_codes, matmul, quantize, slots
from golden.formats import BLOCK_SIZE, CODE_BITS, SLOT_BITS, STREAM_FORMATS

__all__ = ["VECTORS", "Beat"]


class Beat(NamedTuple):
    """One transfer of an AXI4-Stream."""

    data: int
    user: int
    last: bool


Vectors = Mapping[str, Sequence[Beat]]
"""Beats of every stream, by its name."""

_CODES = [fmt.code for fmt in STREAM_FORMATS if fmt.code is not None]
"""Of ``STREAM_FORMATS``, in that order."""


def _unit(core: Any, data: Sequence[int], users: Sequence[int]) -> Vectors:
    """Each beat with each user word, and what the unit makes of it."""
    pairs = list(product(data, users))
    sent = [Beat(value, user, n % 3 == 2) for n, (value, user) in enumerate(pairs)]
    got = []
    for beat in sent:
        made, code = core.compute(beat.data, beat.user)
        got.append(Beat(made, code, beat.last))
    return {"s_axis": sent, "m_axis": got}


def _floats() -> list[int]:
    """Blocks of 16 binary32: ordinary, of far exponents, with a NaN, zeros."""
    rng = np.random.default_rng(1)
    ordinary = rng.standard_normal((3, BLOCK_SIZE))
    far = np.ldexp(rng.standard_normal((2, BLOCK_SIZE)), rng.integers(-120, 120, (2, BLOCK_SIZE)))
    special = np.zeros((2, BLOCK_SIZE))
    special[0, 5] = np.nan
    values = np.concatenate([ordinary, far, special]).astype("<f4")
    return [int.from_bytes(row.tobytes(), "little") for row in values]


def _blocks() -> list[int]:
    """Packed blocks of any bits."""
    rng = np.random.default_rng(2)
    return [int.from_bytes(rng.bytes(SLOT_BITS // 8), "little") for _ in range(6)]


def _quantizer(core: Any) -> Vectors:
    return _unit(core, _floats(), _CODES)


def _dequantizer(core: Any) -> Vectors:
    return _unit(core, _blocks(), _CODES)


def _converter(core: Any) -> Vectors:
    return _unit(core, _blocks(), [a | b << CODE_BITS for a, b in product(_CODES, _CODES)])


def _operand(rng: np.random.Generator, rows: int, k_blocks: int) -> Tensor:
    """Rows whose format changes along K."""
    formats = [STREAM_FORMATS[int(n)] for n in rng.integers(len(STREAM_FORMATS), size=k_blocks)]
    return concat([quantize(rng.standard_normal((rows, BLOCK_SIZE), np.float32), fmt) for fmt in formats])


def _operand_beats(t: Tensor, user: int = 0) -> list[Beat]:
    data, codes = slots(t), format_codes(t)
    return [
        Beat(int.from_bytes(data[:, n].tobytes(), "little"), int(code) | user, n == len(codes) - 1)
        for n, code in enumerate(codes)
    ]


def _lengths(core: Any) -> list[int]:
    """Blocks along K of each tile, one tile for each of ``STREAM_FORMATS``."""
    return [min(1 + 2 * n % 3, core.k_blocks) for n in range(len(STREAM_FORMATS))]


def _array(core: Any) -> Vectors:
    rng = np.random.default_rng(3)
    a_beats, b_beats, d_beats = [], [], []
    segments = (core.rows // core.drain_rows, core.drain_rows, core.cols)
    for length in _lengths(core):
        a, b = _operand(rng, core.rows, length), _operand(rng, core.cols, length)
        a_beats += _operand_beats(a)
        b_beats += _operand_beats(b)
        d = matmul(a, b, fraction_bits=core.fraction_bits).astype("<f4").reshape(segments)
        d_beats += [
            Beat(int.from_bytes(d[:, row].tobytes(), "little"), 0, row == core.drain_rows - 1)
            for row in range(core.drain_rows)
        ]
    return {"s_axis_a": a_beats, "s_axis_b": b_beats, "m_axis_d": d_beats}


def _stream(core: Any) -> Vectors:
    rng = np.random.default_rng(4)
    a_beats, b_beats, d_beats = [], [], []
    for length, fmt, code in zip(_lengths(core), STREAM_FORMATS, _CODES, strict=True):
        a, parts = _operand(rng, core.rows, length), []
        for _ in range(BLOCK_SIZE // core.cols):
            b = _operand(rng, core.cols, length)
            a_beats += _operand_beats(a)
            b_beats += _operand_beats(b, user=code << CODE_BITS)
            parts.append(matmul(a, b, fraction_bits=core.fraction_bits))
        d_beats += [
            Beat(int.from_bytes(row.tobytes(), "little"), code, n == core.rows - 1)
            for n, row in enumerate(slots(quantize(np.concatenate(parts, axis=1), fmt))[:, 0])
        ]
    return {"s_axis_a": a_beats, "s_axis_b": b_beats, "m_axis_d": d_beats}


VECTORS: Mapping[str, Callable[[Any], Vectors]] = {
    "mx_quantizer": _quantizer,
    "mx_dequantizer": _dequantizer,
    "mx_converter": _converter,
    "mx_array": _array,
    "mx_stream": _stream,
}
"""Beats for each design of streams, from its component."""
