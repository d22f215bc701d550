"""The fields of a binary32, and its one NaN."""

from amaranth.lib import data

from golden.formats import NAN_EXPONENT
from golden.rounding import QUIET_NAN

__all__ = ["BINARY32_NAN", "binary32_layout"]

BINARY32_NAN = int(QUIET_NAN)
"""The canonical quiet NaN."""


def binary32_layout() -> data.StructLayout:
    """The fields of a binary32."""
    return data.StructLayout({"fraction": 23, "exponent": NAN_EXPONENT.bit_length(), "sign": 1})
