"""Units of functions as Verilog: no assignment drops bits unsaid."""

import pytest

from gen.verilog import to_verilog
from hw.functions.activation import Activation
from hw.functions.exp2 import Exp2
from hw.functions.integer_product import IntegerProduct
from hw.functions.inverse import Inverse
from hw.functions.normalize import Normalize
from hw.functions.product import Multiply17
from hw.functions.reciprocal import Reciprocal
from hw.functions.row_factors import RowFactors
from hw.functions.row_maximum import RowMaximum
from hw.functions.row_statistics import RowStatistics
from hw.functions.row_sums import RowSums
from hw.functions.square_root import SquareRoot
from hw.functions.variance import Variance

UNITS = {"exp2": Exp2, "product": Multiply17, "activation": Activation}

UNITS |= {
    "inverse": lambda: Inverse(width=18, steps=19),
    "square_root": lambda: SquareRoot(width=18),
    "reciprocal": Reciprocal,
    "row_sums": lambda: RowSums(lanes=3),
    "variance": Variance,
    "integer_product": lambda: IntegerProduct(multiplier=40, multiplicand=19),
    "row_factors": RowFactors,
    "row_statistics": lambda: RowStatistics(lanes=2),
    "row_maximum": lambda: RowMaximum(lanes=2),
    "normalize": Normalize,
}


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_exported(name):
    assert f"module mx_{name}(" in to_verilog(UNITS[name](), f"mx_{name}")
