"""One thread per test process: small models gain nothing from more, and xdist keeps the cores busy."""

import pytest
import torch

from dit import native

torch.set_num_threads(1)


@pytest.fixture(scope="module", params=["compiled", "tensors"])
def fake_quantizer(request):
    """Which of the two ways to fake-quantize on the CPU runs."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tensors":
            patch.setattr(native, "available", lambda: False)
        elif not native.available():
            pytest.skip("no C++ compiler")
        yield request.param
