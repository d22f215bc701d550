"""cocotb tests of the block dot products, which all have one interface."""

import random
from itertools import product

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from golden import MX6, MXTensor
from golden.dot import block_dot
from golden.formats import SUBBLOCKS
from hw.array.block_dot import activation_layout, weight_layout
from verif.runner import bench_parameters

LARGEST = MX6.max_element
PAIR = MX6.subblock_size
LATENCY = bench_parameters()["latency"]


def tensor(elements, microexponents) -> MXTensor:
    """A row of MX6 blocks."""
    return MXTensor(
        fmt=MX6,
        k=len(elements) * MX6.block_size,
        exponents=np.full(len(elements), 127, np.uint8),
        microexponents=np.array(microexponents, np.uint8),
        elements=np.array(elements, np.int8),
    )


def extremes():
    """Blocks of largest elements: every pattern of signs in a pair, with every field at its ends."""
    for signs in product((-LARGEST, LARGEST), repeat=2 * PAIR):
        for t in (0, 0xFF, 0x0F, 0xF0):
            yield list(signs[:PAIR]) * SUBBLOCKS, t, list(signs[PAIR:]) * SUBBLOCKS, t


def drawn(rng: random.Random, count: int):
    """Random blocks, some of large elements only, some with many zeros."""
    for _ in range(count):
        values = rng.choice([range(-LARGEST, LARGEST + 1), (-LARGEST, LARGEST), (0, 0, 0, LARGEST, -1)])
        a, b = ([rng.choice(values) for _ in range(PAIR * SUBBLOCKS)] for _ in range(2))
        yield a, rng.getrandbits(SUBBLOCKS), b, rng.getrandbits(SUBBLOCKS)


def port(layout, elements, j, shift, **fields):
    pair = elements[PAIR * j : PAIR * (j + 1)]
    signs = sum((value < 0) << i for i, value in enumerate(pair))
    magnitudes = [abs(value) << shift for value in pair]
    return layout.const({"sign": signs, "magnitude": magnitudes, **fields}).as_value().value


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def dots(dut):
    """Block after block without a gap."""
    Clock(dut.clk, 10, unit="ns").start()
    blocks = [*extremes(), *drawn(random, 600)]
    random.shuffle(blocks)
    a, ta, b, tb = zip(*blocks, strict=True)
    expected = block_dot(tensor(a, ta), tensor(b, tb)).d.tolist()
    assert max(expected) == -min(expected) == 4 * PAIR * SUBBLOCKS * LARGEST**2
    for cycle in range(len(blocks) + LATENCY + 1):
        await RisingEdge(dut.clk)
        # Before the edge the ports still show the cycle before.
        done = cycle - 1 - LATENCY
        if done >= 0:
            found = dut.dot.value.to_signed()
            assert found == expected[done], f"block {done}: {found}, not {expected[done]}: {blocks[done]}"
        for j in range(SUBBLOCKS):
            if 0 <= cycle - j < len(blocks):
                a, ta, b, tb = blocks[cycle - j]
                t = tb >> j & 1
                getattr(dut, f"a_{j}").value = port(activation_layout(), a, j, 1 - (ta >> j & 1))
                getattr(dut, f"b_{j}").value = port(weight_layout(), b, j, 0, microexponent=t)
