"""The host's tensors as rows of bytes in memory, and back."""

import numpy as np
from numpy.typing import NDArray

from golden import FORMATS, MixedTensor, MXTensor, Tensor
from golden.engine import (
    FLOAT_FORMATS,
    MemoryFormat,
    describe,
    floats_from_rows,
    floats_to_rows,
    from_rows,
    to_rows,
)
from mixdit.driver import arguments
from mixdit.driver.matrix import Layout


def layout_of(name: str, value: object, *, floats: bool) -> Layout:
    """Layout of a golden tensor, or of float32 ``[rows, columns]`` where ``floats`` may be.

    Raises
    ------
    TypeError, ValueError
        Anything else, or what memory cannot hold. The message calls it ``name``.
    """
    if isinstance(value, MXTensor | MixedTensor):
        for part in value.parts:
            if FORMATS.get(part.fmt.name) != part.fmt:
                known = ", ".join(FORMATS)
                raise ValueError(f"{name} must be in golden's formats, {known}, not in {part.fmt!r}")
        try:
            fmt, mx9_blocks = describe(value)
        except ValueError as error:
            raise ValueError(f"{name} does not fit memory: {error}") from None
        return Layout(
            format=fmt, shape=arguments.matrix_shape(f"{name}.shape", value.shape), mx9_blocks=mx9_blocks
        )
    if not floats:
        raise TypeError(
            f"{name} must be a golden tensor, or a matrix in memory, not {arguments.kind(value)}: choose its"
            f" precision, for example with golden.quantize({name}, golden.MX6)"
        )
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} must be a golden tensor or a float32 array, not {arguments.kind(value)}")
    shape = arguments.matrix_shape(f"{name}.shape", value.shape)
    arguments.float32_array(name, value, shape)
    return Layout(format=MemoryFormat.BINARY32, shape=shape)


def rows_of(value: Tensor | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows in memory: uint8 ``[rows, row_bytes]``."""
    if isinstance(value, np.ndarray):
        return floats_to_rows(value, MemoryFormat.BINARY32)
    return to_rows(value)


def value_of(rows: NDArray[np.uint8], layout: Layout) -> Tensor | NDArray[np.float32]:
    """The inverse of `rows_of`; float32 for floats of either width."""
    if layout.format in FLOAT_FORMATS:
        return floats_from_rows(rows, layout.format)
    return from_rows(rows, layout.format, layout.shape[1], layout.mx9_blocks)
