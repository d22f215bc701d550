"""Units of functions as Verilog: no assignment drops bits unsaid."""

import pytest

from gen.verilog import to_verilog
from hw.functions.activation import Activation
from hw.functions.exp2 import Exp2
from hw.functions.product import Multiply17

UNITS = {"exp2": Exp2, "product": Multiply17, "activation": Activation}


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_exported(name):
    assert f"module mx_{name}(" in to_verilog(UNITS[name](), f"mx_{name}")
