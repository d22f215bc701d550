"""A wrong call says what was wrong, and changes nothing: the next correct one has golden's bits."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import MX6, matmul, quantize
from golden.engine import REGISTERS
from mixdit.driver import Gemm, ModelPort, PortError
from verif.mixdit.driver.ports import FailingPort, QueuedPort
from verif.mixdit.driver.wrong_calls import PARAMETERS, WRONG_CALLS, A, B, World, rows

RIGHT = matmul(A, B, k_blocks=PARAMETERS.k_blocks)
SIZE = 1 << 17


def counted(port) -> FailingPort:
    """A port that counts what is written, and never fails."""
    return FailingPort(port, PortError, after=False)


def state(world: World) -> tuple:
    """Every register, every byte, what is free, and how much was written so far."""
    port = world.gemm.port
    registers = {name: port.read32(register.offset) for name, register in REGISTERS.items()}
    memory = port.read_memory(port.memory.start, len(port.memory)).tobytes()
    return registers, memory, world.gemm.available, port.writes, world.gemm.timeout


@pytest.fixture(scope="module")
def world():
    """One for all calls: whatever one of them leaves behind, the others suffer from."""
    return World.make(counted(ModelPort(PARAMETERS, size=SIZE)))


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    return np.array_equal(x.view(np.uint32), y.view(np.uint32))


def test_there_are_many_different_ones():
    assert len({wrong.name for wrong in WRONG_CALLS}) == len(WRONG_CALLS) >= 200


@pytest.mark.parametrize("wrong", WRONG_CALLS, ids=lambda wrong: wrong.name)
def test_a_wrong_call_changes_nothing(world, wrong):
    before = state(world)
    with pytest.raises(wrong.error) as caught:
        wrong.call(world)
    assert type(caught.value) is wrong.error
    assert re.search(wrong.says, str(caught.value)), str(caught.value)
    assert state(world) == before
    assert same_bits(world.gemm.matmul(world.a, B), RIGHT)
    world.gemm.wait(world.gemm.product(world.a, world.b, world.d))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_right_and_wrong_calls_in_any_order(data):
    """On an engine with a queue, so that wrong calls come while jobs wait."""
    world = World.make(counted(QueuedPort(PARAMETERS, size=SIZE)))
    gemm, free, held = world.gemm, world.gemm.available, []
    for _ in range(data.draw(st.integers(5, 15))):
        match data.draw(st.sampled_from(["wrong", "wrong", "matmul", "product", "free", "wait", "reset"])):
            case "wrong":
                wrong = data.draw(st.sampled_from(WRONG_CALLS))
                with pytest.raises(wrong.error, match=wrong.says):
                    wrong.call(world)
            case "matmul":
                m, n, k = (data.draw(st.integers(1, most)) for most in (9, 20, 70))
                a, b = quantize(rows(m, m, k), MX6), quantize(rows(n, n, k), MX6)
                assert same_bits(gemm.matmul(a, b), matmul(a, b, k_blocks=PARAMETERS.k_blocks))
            case "product":
                d = gemm.store(np.zeros(RIGHT.shape, np.float32))
                gemm.product(world.a, world.b, d)
                held.append(d)
            case "free" if held:
                gemm.free(held.pop())
            case "wait":
                gemm.wait()
            case "reset":
                gemm.wait()
                gemm.reset()
    for d in held:
        assert same_bits(gemm.load(d), RIGHT)
        gemm.free(d)
    gemm.wait()
    assert gemm.available == free


def test_an_object_of_its_own_for_each_engine():
    """A second `Gemm` on another port is not disturbed by matrices of the first."""
    first, second = (Gemm(ModelPort(PARAMETERS, size=SIZE)) for _ in range(2))
    a = first.store(A)
    with pytest.raises(ValueError, match="a must be from this object"):
        second.matmul(a, B)
    assert second.available == SIZE
    assert same_bits(first.matmul(a, B), RIGHT)
