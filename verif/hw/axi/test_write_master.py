"""The write master against a memory."""

import pytest

from verif.hw.axi.counted_writes import CountedWrites
from verif.hw.gemm.cocotbext import DEPRECATED


@pytest.mark.parametrize("data_bits", [64, pytest.param(512, marks=pytest.mark.slow)])
def test_write_master(bench, data_bits):
    result = bench(
        CountedWrites(data_bits=data_bits, address_bits=32),
        "write_master",
        "verif.hw.axi.write_master_bench",
        parameters={"data_bits": data_bits, "address_bits": 32, "lines": 400},
        ignored_deprecations=DEPRECATED,
    )
    assert len(result.tests) == 9
