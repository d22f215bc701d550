"""What several layers read of the same tokens, each in the formats and the order of its plan."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from golden.engine import MIXABLE_FORMATS, MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.compiler.layer import Layer
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix, DevicePermutation

__all__ = ["ONES", "LayerInputs"]

ONES = np.zeros(BLOCK_SIZE, np.float32)
"""A block in front of a row by which a product adds a constant of its weights: large part, small part."""
ONES[[0, 2]] = 1, 2**-6

_FLOAT = MemoryFormat.BINARY32

Write = Callable[[DeviceMatrix, DevicePermutation | None], object]


class _Variant:
    """The input of all layers whose plans have it in the same formats and order."""

    def __init__(
        self, recorder: Recorder, names: tuple[str, str], layer: Layer, rows: int, ones: bool
    ) -> None:
        fmt, mx9_blocks = layer.input_format
        self.order = layer.order
        columns = layer.in_features
        if ones:
            columns, mx9_blocks = columns + BLOCK_SIZE, mx9_blocks + (fmt in MIXABLE_FORMATS)
        self.whole = recorder.room(names[0], (rows, columns), fmt, mx9_blocks)
        self.channels = self.whole.columns(BLOCK_SIZE, columns) if ones else self.whole
        self.permutation = recorder.permutation(names[1], self.order)


class LayerInputs:
    """Room for the input of layers that read the same tokens.

    If all of them take it alike, one job writes it; else that job writes floats, which one job for each way
    orders and quantizes.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    block, name:
        Of the block, and of the input.
    layers:
        Those that read it.
    rows:
        How many.
    ones:
        The layer whose rows have `ONES` in front; None for none.
    floats:
        The tokens, if they are the input as they are.
    """

    def __init__(
        self,
        recorder: Recorder,
        block: str,
        name: str,
        layers: Sequence[Layer],
        rows: int,
        *,
        ones: Layer | None = None,
        floats: DeviceMatrix | None = None,
    ) -> None:
        self._recorder, self._name, self._ones = recorder, f"{block}: {name}", ones
        self._variants: dict[object, _Variant] = {}
        self._with_ones = None if ones is None else _key(ones)
        for layer in layers:
            if _key(layer) not in self._variants:
                n = len(self._variants)
                number = f", {n + 1}" if n else ""
                names = f"{name}{number}", f"{block}: order of the {name}{number}"
                with_ones = _key(layer) == self._with_ones
                self._variants[_key(layer)] = _Variant(recorder, names, layer, rows, with_ones)
        self._floats = floats
        if floats is None and len(self._variants) > 1:
            self._floats = recorder.room(f"{name}, in floats", (rows, layers[0].in_features), _FLOAT)
        if self._with_ones is not None:
            self._write_ones(self._variants[self._with_ones].whole)

    @property
    def order(self) -> NDArray[np.intp] | None:
        """The order in which `write` has its job write channels; None for their own."""
        return None if self._floats is not None else self._only.order

    def of(self, layer: Layer) -> DeviceMatrix:
        """Input of a layer: ``[rows, in_features]``."""
        return self._variants[_key(layer)].channels

    def with_ones(self, layer: Layer) -> DeviceMatrix:
        """Input of a layer with `ONES` in front of each row: ``[rows, 16 + in_features]``."""
        return self._variants[_key(layer)].whole

    def write(self, first: int, last: int, job: Write) -> None:
        """Have ``job`` write rows ``first`` to ``last``: it gets them, and a permutation for its row job."""
        if self._floats is None:
            job(self._only.channels.rows(first, last), self._only.permutation)
            return
        job(self._floats.rows(first, last), None)
        self.read(first, last)

    def read(self, first: int, last: int) -> None:
        """Order and quantize rows of the floats."""
        assert self._floats is not None
        for variant in self._variants.values():
            self._recorder.named(self._name).reorder(
                self._floats.rows(first, last), variant.channels.rows(first, last), variant.permutation
            )

    @property
    def _only(self) -> _Variant:
        (variant,) = self._variants.values()
        return variant

    def _write_ones(self, whole: DeviceMatrix) -> None:
        """A product of zeros, whose bias is the block."""
        zeros, zero = (self._recorder.zeros(n) for n in (whole.shape[0], BLOCK_SIZE))
        bias = self._recorder.constant(f"{self._name}: ones", ONES[None])
        self._recorder.named(f"{self._name}: ones").product(
            zeros, zero, whole.columns(0, BLOCK_SIZE), bias=bias
        )


def _key(layer: Layer) -> object:
    """Layers of the same key take their input alike."""
    return layer.input_format, layer.plan.permutation
