"""The write master against a memory."""

import pytest

from hw.axi.write_master import WriteMaster
from verif.hw.axi.counted_writes import CountedWrites
from verif.hw.gemm.cocotbext import DEPRECATED
from verif.simulation import simulate


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


def test_bursts_are_of_whole_beats_to_normal_memory():
    bus = (master := WriteMaster(data_bits=128, address_bits=32)).bus

    async def bench(ctx):
        await ctx.tick()
        assert [int(ctx.get(field)) for field in (bus.awsize, bus.awburst, bus.awcache, bus.awprot)] == [
            4,
            1,
            3,
            0,
        ]

    simulate(master, bench)
