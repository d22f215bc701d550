"""What a transformer block does besides products: every bit, in integers and binary32.

``fixed_point``: magnitudes of binary32 as integers. ``exp2``: powers of two, for softmax without a maximum.
``activation``: GELU and SiLU. ``product``: gates and scales. ``division``: by a row's sum, for softmax.
``exponential``: of rows relative to their maximum, for softmax of any logits. ``norm``: layer and RMS norm
with modulation.
``reference``: the same in plain Python integers and fractions, one element at a time, for tests.

Subnormal inputs count as zero, results below the normal range are zeros with their sign, and every NaN is
0x7FC00000.
"""

from golden.functions.activation import gelu, silu
from golden.functions.division import divide_by_column
from golden.functions.exp2 import exp2
from golden.functions.exponential import exponential
from golden.functions.norm import normalize
from golden.functions.product import multiply17

__all__ = ["divide_by_column", "exp2", "exponential", "gelu", "multiply17", "normalize", "silu"]
