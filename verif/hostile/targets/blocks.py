"""Blocks: packed bytes, tensors of codes, and arrays to quantize, of any type, shape and content."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden import (
    FORMATS,
    MX6,
    MX9,
    concat,
    convert,
    dequantize,
    matmul,
    pack,
    quantize,
    slots,
    split_passes,
    unpack,
)
from golden.tensor import MXTensor
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.strategies import HOSTILE_INTS, Drawn, choices
from verif.hostile.targets.target import Target

__all__ = ["BLOCKS", "PRODUCTS"]

_TYPES = ("u1", "i1", "<f4", ">f4", "<f2", "<f8", "?", "O", "U3", "<c8", "<i8", "V4")
_FILLS = (0, 1, 127, 255, -1, np.nan, np.inf, -np.inf, 1e-45, 3e38)

_formats = st.sampled_from((*FORMATS.values(), *FORMATS.values(), None, "MX6", 1))
_shapes = st.lists(st.sampled_from((0, 1, 2, 3, 8, 12, 16, 18, 24, 36)), max_size=3).map(tuple)
_lengths = st.one_of(
    st.sampled_from((1, 15, 16, 17, 32, 33)), HOSTILE_INTS, st.sampled_from((None, True, 1.5, "3"))
)


def _array(data: Any, types: tuple[str, ...] = _TYPES, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """An array of bytes by chance, or all of them the same value, perhaps with gaps or of other shapes."""
    kind = np.dtype(data.draw(st.sampled_from(types)))
    shape = data.draw(_shapes) if shape is None else shape
    with np.errstate(all="ignore"):
        if kind.kind not in "OUV" and data.draw(st.booleans()):
            noise = np.random.default_rng(data.draw(st.integers(0, 255)))
            found = noise.integers(0, 256, (*shape, kind.itemsize), np.uint8).view(np.uint8)
            array = np.ascontiguousarray(found).view(kind if kind.kind != "b" else "u1").reshape(shape)
        else:
            fill = data.draw(st.sampled_from(_FILLS))
            array = np.full(shape, 0 if kind.kind in "UV" else np.asarray(fill).astype("f8").astype(kind))
    return array[..., ::2] if array.ndim and data.draw(st.integers(0, 7)) == 0 else array


def _unpack(data: Any, room: Room) -> None:
    """Bytes that fit, or do not; what is unpacked is packed to the same bytes, and decoded."""
    fmt, k = data.draw(_formats), data.draw(_lengths)
    fits = data.draw(st.booleans()) and fmt in FORMATS.values() and isinstance(k, int) and 0 < k < 100
    shape = (*data.draw(_shapes)[:2], -(-k // fmt.block_size) * fmt.block_bytes) if fits else None
    array: Any = _array(data, ("u1",) if fits else _TYPES, shape)
    if data.draw(st.integers(0, 9)) == 0:
        array = data.draw(
            st.sampled_from((None, [], [[1], [1, 2]], "x", b"x", 3, [1 << 70], {}, array.tolist()))
        )
    tensor = unpack(array, fmt, k)
    assert np.array_equal(pack(tensor), array)
    dequantize(tensor)


BLOCKS = Target(name="unpack", share=8, read=Drawn(_unpack), draw=choices)
"""`golden.unpack`."""


def _tensor(data: Any) -> Any:
    """Codes that fit mostly, or not."""
    fmt, k = (
        data.draw(st.sampled_from((*FORMATS.values(),))),
        data.draw(st.sampled_from((1, 15, 16, 17, 32, 33))),
    )
    if data.draw(st.booleans()):
        rows = data.draw(st.integers(0, 3))
        return quantize(_array(data, ("<f4",), (rows, k)), fmt)
    blocks = -(-k // fmt.block_size)
    shape = (*data.draw(_shapes)[:2], blocks)
    whole = (*shape, fmt.block_size) if data.draw(st.integers(0, 4)) else None
    types = ("i1",) if data.draw(st.integers(0, 4)) else _TYPES
    return MXTensor(
        fmt, k, _array(data, ("u1",), shape), _array(data, ("u1",), shape), _array(data, types, whole)
    )


def _compute(data: Any, room: Room) -> None:
    """Whatever one does with tensors."""
    a, b = _tensor(data), _tensor(data)
    match data.draw(st.sampled_from(("quantize", "matmul", "convert", "concat", "slots", "passes"))):
        case "quantize":
            quantize(_array(data), data.draw(_formats))
        case "matmul":
            matmul(
                a,
                b,
                fraction_bits=data.draw(HOSTILE_INTS),
                k_blocks=data.draw(st.one_of(st.just(2), HOSTILE_INTS)),
            )
        case "convert":
            convert(a, data.draw(_formats))
        case "concat":
            dequantize(concat([a, b]))
        case "slots":
            slots(a)
        case "passes":
            split_passes(data.draw(st.sampled_from((a, b, None, MX6, MX9))))


PRODUCTS = Target(name="tensor", share=1.5, read=Drawn(_compute), draw=choices)
"""Tensors of codes, and what is computed of them."""
