"""Binary32 and bfloat16: their fields, and the one NaN of each."""

from amaranth.lib import data

from golden.formats import EXPONENT_BIAS, NAN_EXPONENT
from golden.rounding import QUIET_NAN

__all__ = [
    "BFLOAT16_BITS",
    "BINARY32_BIAS",
    "BINARY32_BITS",
    "BINARY32_FRACTION",
    "BINARY32_INFINITE",
    "BINARY32_NAN",
    "BINARY32_SIGNIFICAND",
    "binary32_layout",
]

BINARY32_FRACTION = 23
"""Bits of the fraction."""

BINARY32_SIGNIFICAND = BINARY32_FRACTION + 1
"""Bits of the fraction and the one before it."""

BINARY32_BIAS = EXPONENT_BIAS
"""Exponent field of 1."""

BINARY32_INFINITE = NAN_EXPONENT
"""Exponent field of infinities and of NaNs."""

BINARY32_NAN = int(QUIET_NAN)
"""The canonical quiet NaN."""


def binary32_layout() -> data.StructLayout:
    """The fields of a binary32."""
    return data.StructLayout(
        {"fraction": BINARY32_FRACTION, "exponent": BINARY32_INFINITE.bit_length(), "sign": 1}
    )


BINARY32_BITS = binary32_layout().size
"""Bits of a binary32."""

BFLOAT16_BITS = 16
"""Bits of a bfloat16: the upper half of a binary32, rounded."""
