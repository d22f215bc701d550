"""One thread per test process, and what several tests share.

Small models gain nothing from more threads, and xdist keeps the cores busy.
"""

import pytest
import torch

from mixdit.calibration.calibrate import collect
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.tensors import native
from verif.mixdit.planted import Transformer, batch

torch.set_num_threads(1)


@pytest.fixture(scope="package")
def model() -> Transformer:
    return Transformer().eval().requires_grad_(False)


@pytest.fixture(scope="package")
def statistics(model) -> Statistics:
    return collect(model, [batch(i) for i in range(3)], Settings(tokens=10_000, choice="sensitivity"))


@pytest.fixture(scope="module", params=["compiled", "tensors"])
def fake_quantizer(request):
    """Which of the two ways to fake-quantize on the CPU runs."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tensors":
            patch.setattr(native, "available", lambda: False)
        else:
            assert native.available(), "g++ is needed, as for every test on Verilator"
        yield request.param
