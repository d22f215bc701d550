"""Checks of what callers give: a ``TypeError`` for another kind, a ``ValueError`` for another range.

Every message names the argument, what it may be, and what it was. Nothing here touches an engine.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import FORMATS, Format
from golden.engine import DIMENSION_LIMIT, MemoryFormat
from golden.formats import BLOCK_SIZE

INDEX_LIMIT = 1 << 16
"""Most elements of a permutation: its indices have 2 bytes in memory."""

RESULT_FORMATS = (
    MemoryFormat.MX4,
    MemoryFormat.MX6,
    MemoryFormat.MX9,
    MemoryFormat.BINARY32,
    MemoryFormat.BFLOAT16,
)
"""What an engine can write."""

MIXABLE = (MemoryFormat.MX4, MemoryFormat.MX6)
"""Formats whose rows may begin with blocks of MX9."""

_PORT_MEMBERS = ("memory", "read32", "write32", "read_memory", "write_memory", "wait")


def kind(value: object) -> str:
    """A few words for what ``value`` is."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return (
        f"{type(value).__name__} {value!r}" if isinstance(value, str | int | float) else type(value).__name__
    )


def integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """An int, or a NumPy integer, of ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an int, not {kind(value)}")
    if value < low or (high is not None and value > high):
        allowed = f"at least {low}" if high is None else f"{low} to {high}" if high > low else f"{low}"
        raise ValueError(f"{name} must be {allowed}, not {value}")
    return int(value)


def flag(name: str, value: object) -> bool:
    """True or False, NumPy's too."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, not {kind(value)}")
    return bool(value)


def number(name: str, value: object) -> float:
    """A float, or an int that is one; NumPy's too."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, not {kind(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be a number that a float holds, not {value!r}") from None


def seconds(name: str, value: object) -> float:
    """A time above 0; infinity is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number of seconds, not {kind(value)}")
    if not value > 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value}")
    return float(value)


def port(value: Any) -> Any:
    """What has all members of a `Port`, and addresses in one piece."""
    missing = [name for name in _PORT_MEMBERS if not hasattr(value, name)]
    if missing:
        raise TypeError(
            f"port must be a Port, such as ModelPort(), not {kind(value)}: it has no {', '.join(missing)}"
        )
    addresses("port.memory", value.memory)
    return value


def addresses(name: str, value: object) -> range:
    """A range of addresses, without gaps."""
    if not isinstance(value, range):
        raise TypeError(f"{name} must be a range of addresses, not {kind(value)}")
    if value.step != 1 or value.start < 0:
        raise ValueError(f"{name} must be a range of step 1 from at least 0 on, not {value}")
    return value


def matrix_shape(name: str, value: object) -> tuple[int, int]:
    """Rows and columns, each 1 to 1,048,575."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"{name} must be a tuple of two ints, rows and columns, not {kind(value)}")
    if len(value) != 2:
        raise ValueError(f"{name} must have 2 axes, rows and columns, not shape {tuple(value)}")
    rows, columns = value
    return (
        integer(f"{name}[0], the rows,", rows, 1, DIMENSION_LIMIT),
        integer(f"{name}[1], the columns,", columns, 1, DIMENSION_LIMIT),
    )


def memory_format(name: str, value: object) -> MemoryFormat:
    """Code of a block format of golden's; a code as it is."""
    if isinstance(value, MemoryFormat):
        return value
    if isinstance(value, Format):
        if FORMATS.get(value.name) != value:
            raise ValueError(f"{name} must be one of golden's formats, {', '.join(FORMATS)}, not {value!r}")
        return MemoryFormat.of(value)
    raise TypeError(
        f"{name} must be golden.MX4, MX6 or MX9, or MemoryFormat.BINARY32 or BFLOAT16, not {kind(value)}"
    )


def result_format(name: str, value: object) -> MemoryFormat:
    """Code of a format that an engine can write."""
    fmt = memory_format(name, value)
    if fmt not in RESULT_FORMATS:
        names = ", ".join(each.name for each in RESULT_FORMATS)
        raise ValueError(f"{name} must be one of {names}, not {fmt.name}: results have no other formats")
    return fmt


def leading_blocks(name: str, value: object, fmt: MemoryFormat, columns: int) -> int:
    """How many blocks at the start of a row are MX9: at most all in MX4 or MX6, none in other formats."""
    count = integer(name, value, 0)
    most = -(-columns // BLOCK_SIZE) if fmt in MIXABLE else 0
    if count > most:
        allowed = f"0 to {most}" if most else "0"
        raise ValueError(f"{name} must be {allowed} for {columns} columns of {fmt.name}, not {count}")
    return count


def float32_array(name: str, value: object, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A float32 array of that shape, in any memory layout."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} must be a float32 array, not {kind(value)}")
    if value.dtype != np.float32:
        raise TypeError(
            f"{name} must be a float32 array, not {value.dtype}: convert it with astype(numpy.float32)"
        )
    if value.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {value.shape}")
    return value


def order(name: str, value: object) -> NDArray[np.intp]:
    """A permutation: each of 0 to N - 1 once, as an array or a sequence of ints."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"{name} must be an array of ints, not {kind(value)}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must have one axis, not rows of different lengths") from None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have one axis and at least 1 element, not shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an array of ints, not of {array.dtype}")
    if not np.array_equal(np.sort(array), np.arange(array.size)):
        raise ValueError(f"{name} must hold each of 0 to N - 1 once, N being its length, {array.size}")
    return array.astype(np.intp)
