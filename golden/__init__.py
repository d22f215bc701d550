"""The golden model: NumPy code that defines every bit the hardware produces.

``formats``: the formats and the constants that hardware reads from them.
"""

from golden.formats import FORMATS, MX4, MX6, MX9, MXINT8, Format

__all__ = ["FORMATS", "MX4", "MX6", "MX9", "MXINT8", "Format"]
