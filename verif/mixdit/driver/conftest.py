"""The driver on the golden model."""

import pytest

from mixdit.driver import Gemm, ModelPort
from verif.mixdit.driver.operands import PARAMETERS


@pytest.fixture
def gemm():
    return Gemm(ModelPort(PARAMETERS, size=1 << 20))
