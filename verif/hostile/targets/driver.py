"""Calls of the driver with whatever a program may give it, and devices that answer anything."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from golden import MX4, MX6, MX9, MXINT8, concat, quantize
from golden.engine import REGISTERS, EngineParameters, MemoryFormat
from mixdit.driver import EngineError, EngineTimeoutError, Gemm, ModelPort, PortError
from verif.golden.engine_descriptors import EXPONENTIAL, NORM, PRODUCT, REORDER
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.strategies import HOSTILE_INTS, Drawn, choices
from verif.hostile.targets.target import Target

__all__ = ["DEVICES", "DRIVER_CALLS"]

_PARAMETERS = EngineParameters(rows=2, cols=2, k_blocks=2, reorder_columns=64, function_lanes=1)
_SIZE = 1 << 14

_ROWS = np.random.default_rng(0).standard_normal((3, 40)).astype(np.float32)
_WRONG_ROWS = (
    _ROWS.astype(np.float64), _ROWS[0], _ROWS[:0], _ROWS[:, :0], _ROWS[:, ::2], np.full_like(_ROWS, np.nan),
    np.full((2, 16), np.inf, np.float32), np.zeros((2, 2, 2), np.float32), np.float32(1), np.zeros(3, object),
    _ROWS.astype(">f4"), np.zeros((1, 20000), np.float32), np.array([["x"]]), np.zeros((2, 2), complex),
)  # fmt: skip
_TENSORS = (
    quantize(_ROWS, MX6), quantize(_ROWS, MX9), quantize(_ROWS[:, :20], MXINT8), quantize(_ROWS[0], MX4),
    concat([quantize(_ROWS[:, :16], MX9), quantize(_ROWS[:, 16:], MX6)]), quantize(_WRONG_ROWS[5], MX6),
    concat([quantize(_ROWS[:, :16], MX4), quantize(_ROWS[:, 16:], MX9)]), quantize(_ROWS[:0], MX6),
)  # fmt: skip
_ORDERS = (
    np.arange(40)[::-1], np.arange(40.0), np.zeros(40, int), np.arange(70000), [0, 2, 1], [[0], [1, 2]], "01",
    [], np.arange(4).reshape(2, 2), [1 << 70, 0], np.array([2, 1]), {0, 1}, [0.0, 1.0], [True, False],
)  # fmt: skip
_ODD = st.sampled_from(
    (None, True, False, "", "a", "exp2", "layer", "exponential", 1.5, float("nan"), float("inf"), -1.0,
     10**400, b"x", (), [], {}, (3, 3), (3, "x"), (0, 1), (1 << 40, 1), np.int8(3), np.nan, object, MX6,
     MX9, MemoryFormat.BINARY32, MemoryFormat.BFLOAT16, MemoryFormat.MX4)
)  # fmt: skip
_JOBS = (PRODUCT, REORDER, NORM, EXPONENTIAL)

_CALLS: dict[str, tuple[str, ...]] = {
    "store": (),
    "store_permutation": (),
    "empty": ("mx9_blocks",),
    "load": (),
    "free": (),
    "matmul": ("out_format", "mx9_blocks", "bias", "function", "gate", "scale"),
    "product": ("bias", "accumulate", "keep", "function", "gate", "scale"),
    "reorder": ("permutation", "divide", "norm", "epsilon", "scale", "shift"),
    "submit": (),
    "submit_list": (),
    "store_list": (),
    "run_list": (),
    "wait": (),
}
"""Methods, and arguments by name that they may be given."""

_POSITIONAL = {"empty": 2, "matmul": 2, "product": 3, "reorder": 2, "submit_list": 2}


def _argument(held: list[Any]) -> st.SearchStrategy[Any]:
    """Anything; mostly what the driver handed out, whole or in part."""
    values = st.sampled_from((_ROWS, *_WRONG_ROWS, *_TENSORS, *_ORDERS, *_JOBS))
    shapes = st.tuples(st.integers(1, 4), st.sampled_from((1, 3, 16, 40)))
    fair = st.sampled_from(held) if held else values
    return st.one_of(fair, fair, values, shapes, HOSTILE_INTS, _ODD)


def _call(data: Any, room: Room) -> None:
    """Some calls, each of which may be refused; none may cost memory."""
    gemm = Gemm(ModelPort(_PARAMETERS, _SIZE), timeout=5)
    free = gemm.available
    held: list[Any] = [gemm.store(_ROWS), gemm.store(_TENSORS[0]), gemm.empty((3, 3), MX6)]
    refused: Exception | None = None
    for _ in range(data.draw(st.integers(1, 5))):
        name = data.draw(st.sampled_from(tuple(_CALLS)))
        given = [data.draw(_argument(held)) for _ in range(_POSITIONAL.get(name, 1))]
        named = (
            data.draw(st.lists(st.sampled_from(_CALLS[name]), max_size=2, unique=True))
            if _CALLS[name]
            else []
        )
        try:
            result = getattr(gemm, name)(*given, **{each: data.draw(_argument(held)) for each in named})
        except (TypeError, ValueError, MemoryError) as error:
            refused = error
        except (EngineError, PortError) as error:
            refused = error
            gemm.reset()
        else:
            if name in ("store", "store_permutation", "empty", "store_list"):
                held.append(result)
            elif name == "free":
                held = [each for each in held if each is not given[0]]
    gemm.wait()
    for each in held:
        gemm.free(each)
    assert gemm.available == free
    if refused is not None:
        raise refused


DRIVER_CALLS = Target(
    name="driver",
    share=2,
    read=Drawn(_call),
    draw=choices,
    refusals=(TypeError, ValueError, MemoryError, EngineError, PortError),
)
"""Calls of `mixdit.driver.Gemm` one after the other: all memory comes back."""


class _LyingPort(ModelPort):
    """A device some of whose registers say anything, whenever they are read."""

    def __init__(self, data: Any) -> None:
        self._data: Any = None
        super().__init__(_PARAMETERS, _SIZE)
        names = st.lists(st.sampled_from(tuple(REGISTERS)), min_size=1, max_size=3)
        self._lies = {REGISTERS[name].offset for name in data.draw(names)}
        self._data, self._reads = data, 0

    def read32(self, offset: int) -> int:
        word = super().read32(offset)
        self._reads += 1
        if offset not in self._lies or self._reads > 60:
            return word
        number: int = self._data.draw(st.one_of(st.just(word), st.integers(0, 0xFFFFFFFF), st.just(word ^ 1)))
        return number


def _lie(data: Any, room: Room) -> None:
    gemm = Gemm(_LyingPort(data), timeout=0.002)
    gemm.matmul(_TENSORS[0], _TENSORS[0])


DEVICES = Target(
    name="device",
    share=2,
    read=Drawn(_lie),
    draw=choices,
    refusals=(TypeError, ValueError, EngineError, EngineTimeoutError, PortError),
)
"""Devices that are broken, or something else."""
