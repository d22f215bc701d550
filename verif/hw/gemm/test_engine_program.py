"""Transformer blocks on the compiled engine: a program leaves every byte of memory as on golden's."""

import numpy as np
import pytest

from golden import MX6, MX9
from golden.engine import EngineParameters
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.block_weights import block_weights
from mixdit.compiler.compile_layers import compile_layers
from mixdit.compiler.diffusers_blocks import diffusers_block
from mixdit.compiler.digits_program import digits_example
from mixdit.compiler.example import snr_db
from mixdit.compiler.program_run import ProgramRunner
from mixdit.compiler.random_weights import random_weights
from mixdit.digits.checkpoint import load_model
from mixdit.driver import ModelPort
from mixdit.sim import EngineHarness, Memory
from verif.mixdit.compiler.random_blocks import random_inputs, random_plan, with_random_plans
from verif.mixdit.compiler.tiny_models import KINDS, example, tiny_model

ORIGIN = 0x10000


def check(program, x, condition, memory=None, **others):
    """Run a program twice on both engines, and compare all of memory; returns the last tokens."""
    size = -(-len(program.memory) // 64) * 64
    model = ModelPort(program.parameters, size=size, origin=ORIGIN)
    with EngineHarness(program.parameters, size=size, origin=ORIGIN, memory=memory) as harness:
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 256, size, dtype=np.uint8)
        runners = []
        for port in (model, harness):
            port.write_memory(ORIGIN, noise)
            runners.append(ProgramRunner(program, port, timeout=3600))
        for _ in range(2):
            values, expected = (runner(x, condition, **others) for runner in reversed(runners))
            assert np.array_equal(values.view(np.uint32), expected.view(np.uint32))
            assert np.array_equal(harness.read_memory(ORIGIN, size), model.read_memory(ORIGIN, size))
        for constant in program.constants:
            start = constant.address - ORIGIN
            assert not harness.written[start : start + constant.data.size].any(), constant.name
        assert runners[1].engine.counters()["CYCLES"] > 0
    return values


@pytest.mark.engine
def test_a_block_of_a_digits_model():
    model = load_model("digits-16")
    parameters = EngineParameters(
        rows=4, cols=8, data_bits=128, stationary_tiles=4, reorder_columns=512, function_lanes=4
    )
    for weight, activation in ((MX6, MX6), (MX6, MX9)):
        weights = block_weights(model.blocks[1])
        plan = BlockPlan.uniform(weights, weight=weight, activation=activation, head=MX9)
        program = compile_blocks([(weights, plan)], tokens=16, samples=2, parameters=parameters)
        example = digits_example(model, range(1, 2), samples=2)
        values = check(program, example.tokens, example.condition)
        assert snr_db(values, example) > 20


@pytest.mark.engine
def test_blocks_with_random_plans():
    parameters = EngineParameters(
        rows=4, cols=4, k_blocks=4, data_bits=64, reorder_columns=96, function_lanes=2, address_bits=32
    )
    for seed in range(4):
        rng = np.random.default_rng(seed)
        heads, head_width = ((2, 24), (3, 16), (4, 8), (1, 72))[seed]
        blocks = []
        for _ in range(2):
            weights = random_weights(rng, heads=heads, head_width=head_width, hidden=2 * heads * head_width)
            blocks.append((weights, random_plan(rng, weights)))
        tokens = int(rng.integers(1, 20))
        program = compile_blocks(blocks, tokens=tokens, samples=2, parameters=parameters)
        x, condition = random_inputs(rng, samples=2, tokens=tokens, width=heads * head_width)
        check(program, x, condition, Memory(stall=0.3 * (seed % 2), read_latency=20, seed=seed))


@pytest.mark.engine
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_diffusers(kind):
    """Heads of whole blocks and others, plans for each layer, tokens that end within blocks, masked text."""
    parameters = EngineParameters(
        rows=4, cols=4, k_blocks=4, data_bits=64, reorder_columns=96, function_lanes=2, address_bits=32
    )
    for number, heads, head_width in ((0, 2, 24), (1, 3, 16)):
        rng = np.random.default_rng([number, heads])
        model = tiny_model(kind, heads=heads, head_width=head_width)
        tokens, context_tokens = (int(n) for n in rng.integers(1, 20, 2))
        given = example(
            model, number, samples=2, tokens=tokens, context_tokens=context_tokens, counts=[1, context_tokens]
        )
        block = with_random_plans(rng, diffusers_block(model, number), {})
        program = compile_layers(
            [block],
            tokens=tokens,
            context_tokens=0 if kind == "dit" else context_tokens,
            samples=2,
            parameters=parameters,
        )
        memory = Memory(stall=0.3 * number, read_latency=20, seed=number)
        inputs = given.inputs
        check(program, inputs.pop("tokens"), memory=memory, **inputs)
