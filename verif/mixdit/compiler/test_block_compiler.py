"""Jobs of blocks on the golden engine: the same bits as the block in tensor math, and close to floats."""

from collections import Counter

import numpy as np
import pytest
import torch

from golden import MX6, MX9
from golden.engine import EngineParameters, encode
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import LINEARS, BlockPlan, activation_format
from mixdit.compiler.block_weights import block_weights
from mixdit.compiler.digits_program import digits_example, digits_program
from mixdit.compiler.example import snr_db
from mixdit.compiler.program_run import ProgramRunner
from mixdit.compiler.random_weights import random_weights
from mixdit.digits.block import TransformerBlock
from mixdit.digits.checkpoint import load_model
from mixdit.driver import ModelPort
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from verif.mixdit.compiler.exact_block import ExactBlock
from verif.mixdit.compiler.random_blocks import random_inputs, random_plan

PARAMETERS = EngineParameters(rows=4, cols=8, k_blocks=72, reorder_columns=2048, function_lanes=4)


def same(x, y) -> bool:
    return np.array_equal(x.view(np.uint32), y.view(np.uint32))


def sqnr(values, exact, before) -> float:
    """Of what was added to the tokens, in dB."""
    return 10 * np.log10(np.square(exact - before).sum() / np.square(values - exact).sum())


def run_exact(blocks, x, condition, parameters):
    """All samples through blocks in tensor math, and the last block with what it made of the last sample."""
    tokens, results = len(x) // len(condition), []
    for sample, c in enumerate(condition):
        rows = x[sample * tokens : (sample + 1) * tokens]
        for weights, plan in blocks:
            last = ExactBlock(weights, plan, parameters)
            rows = last(rows, c)
        results.append(rows)
    return np.concatenate(results), last


def run_float(weights, x, condition):
    block = TransformerBlock(weights.width, weights.heads, weights.hidden // weights.width).double()
    for name, module in (
        ("modulation", block.modulation),
        ("qkv", block.attention.qkv),
        ("projection", block.attention.projection),
        ("fc1", block.fc1),
        ("fc2", block.fc2),
    ):
        layer = getattr(weights, name)
        module.load_state_dict({"weight": torch.tensor(layer.weight), "bias": torch.tensor(layer.bias)})
    with torch.inference_mode():
        rows = torch.tensor(x, dtype=torch.float64).view(len(condition), -1, weights.width)
        return block(rows, torch.tensor(condition, dtype=torch.float64)).reshape(x.shape).numpy()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("heads", "head_width", "tokens", "samples"),
    [(2, 16, 16, 1), (3, 24, 20, 2), (2, 64, 33, 1), (2, 72, 7, 3), (5, 8, 1, 2)],
)
def test_same_bits_as_tensor_math(heads, head_width, tokens, samples, seed):
    rng = np.random.default_rng([seed, heads, head_width])
    weights = random_weights(rng, heads=heads, head_width=head_width, hidden=3 * heads * head_width)
    plan = random_plan(rng, weights)
    parameters = EngineParameters(
        k_blocks=int(rng.choice([2, 6, 72])), reorder_columns=heads * head_width, function_lanes=1,
        fraction_bits=int(rng.integers(12, 20)),
    )  # fmt: skip
    program = compile_blocks([(weights, plan)], tokens=tokens, samples=samples, parameters=parameters)
    x, condition = random_inputs(rng, samples=samples, tokens=tokens, width=weights.width)
    runner = ProgramRunner(program, ModelPort(parameters))
    expected, last = run_exact([(weights, plan)], x, condition, parameters)
    assert same(runner(x, condition), expected)
    # What the last sample left on the way.
    for name, values, layer in (
        ("input of the attention", "input of the attention", "qkv"),
        ("input of the perceptron", "input of the perceptron", "fc1"),
        ("hidden", "hidden", "fc2"),
        ("input of the output, attention", "attended", "projection"),
    ):
        linear, made = getattr(plan, layer), last.made[values]
        made = made if linear.permutation is None else made[:, list(linear.permutation)]
        rows = encode(made, *activation_format(linear))
        assert np.array_equal(runner.rows(program.matrix(name))[-tokens:], rows), name
    # Memory is the same before another run.
    assert same(runner(x, condition), expected)


@pytest.mark.parametrize("plan", ["uniform", "random"])
def test_several_blocks_share_what_they_work_with(plan):
    rng = np.random.default_rng(5)
    blocks = []
    for hidden in (96, 64, 96):
        weights = random_weights(rng, heads=2, head_width=24, hidden=hidden)
        made = BlockPlan.uniform(weights) if plan == "uniform" else random_plan(rng, weights)
        blocks.append((weights, made))
    program = compile_blocks(blocks, tokens=18, samples=2, parameters=PARAMETERS)
    x, condition = random_inputs(rng, samples=2, tokens=18, width=48)
    expected, _ = run_exact(blocks, x, condition, PARAMETERS)
    assert same(ProgramRunner(program, ModelPort(PARAMETERS))(x, condition), expected)
    if plan == "uniform":
        names = [matrix.name for matrix in program.matrices]
        assert names.count("input of the output, attention") == names.count("attention: q, MX9") == 1
        assert names.count("hidden") == 2


def test_tokens_in_parts():
    """Of many tokens some are normalized while others are multiplied; the last part is short."""
    rng = np.random.default_rng(6)
    weights = random_weights(rng, heads=2, head_width=24, hidden=64)
    blocks = [(weights, random_plan(rng, weights)) for _ in range(2)]
    program = compile_blocks(blocks, tokens=150, samples=2, parameters=PARAMETERS)
    rows = Counter(job.descriptor.m for job in program.jobs if "norm of the" in job.name)
    assert set(rows.values()) == {8}
    assert sum(rows) == 150
    x, condition = random_inputs(rng, samples=2, tokens=150, width=48)
    expected, _ = run_exact(blocks, x, condition, PARAMETERS)
    assert same(ProgramRunner(program, ModelPort(PARAMETERS))(x, condition), expected)


@pytest.mark.parametrize(("weight", "activation", "floor"), [(MX6, MX6, 18), (MX6, MX9, 20), (MX9, MX9, 37)])
@pytest.mark.parametrize("name", ["digits-16", "digits-64"])
def test_blocks_of_the_digits_models(name, weight, activation, floor):
    model = load_model(name)
    tokens, width = model.shape.side**2, model.shape.width
    rng = np.random.default_rng(0)
    x, condition = random_inputs(rng, samples=1, tokens=tokens, width=width)
    for n, block in enumerate(model.blocks):
        weights = block_weights(block)
        plan = BlockPlan.uniform(weights, weight=weight, activation=activation, head=activation)
        program = compile_blocks([(weights, plan)], tokens=tokens, parameters=PARAMETERS)
        values = ProgramRunner(program, ModelPort(PARAMETERS))(x, condition)
        expected, _ = run_exact([(weights, plan)], x, condition, PARAMETERS)
        assert same(values, expected)
        found = sqnr(values, run_float(weights, x, condition), x)
        print(f"{name}, block {n}, weights {weight}, activations {activation}: {found:.1f} dB")
        assert found > floor


@pytest.mark.parametrize("name", ["digits-16", "digits-64"])
def test_as_precise_as_the_layers_of_the_same_plan(name):
    """Functions, norms and softmax of the engine cost nothing against PyTorch's, in all blocks together."""
    model, rng = load_model(name), np.random.default_rng(4)
    linears, attentions = {}, {}
    for n, block in enumerate(model.blocks):
        for path in LINEARS.values():
            features = block.get_submodule(path).in_features
            order = tuple(map(int, rng.permutation(features)))
            linears[f"blocks.{n}.{path}"] = LinearPlan(in_features=features, high_blocks=1, permutation=order)
        heads = tuple((MX6, MX9)[h % 2] for h in range(model.shape.heads))
        attentions[f"blocks.{n}.attention.attend"] = AttentionPlan(heads=heads)
    plan, blocks = Plan(linears=linears, attentions=attentions), range(len(model.blocks))
    example = digits_example(model, blocks, samples=4)
    program = digits_program(
        model, blocks, plan=plan, weight=MX6, activation=MX6, samples=4, parameters=PARAMETERS
    )
    found = snr_db(ProgramRunner(program, ModelPort(PARAMETERS))(example.tokens, example.condition), example)
    with torch.inference_mode():
        rows, condition = torch.tensor(example.tokens).view(4, -1, model.shape.width), example.condition
        for block in quantize_model(model, plan).blocks:
            rows = block(rows, torch.tensor(condition))
    layers = snr_db(rows.reshape(example.tokens.shape).numpy(), example)
    print(f"{name}: {found:.2f} dB, layers in PyTorch {layers:.2f} dB")
    assert found > layers - 0.2


@pytest.mark.slow
def test_a_block_of_a_large_transformer():
    """The shape of a block of DiT-XL/2 for images of 256 x 256."""
    rng = np.random.default_rng(2)
    weights = random_weights(rng, heads=16, head_width=72, hidden=4608)
    x, condition = random_inputs(rng, samples=1, tokens=256, width=1152)
    program = compile_blocks(
        [(weights, plan := BlockPlan.uniform(weights))], tokens=256, parameters=PARAMETERS
    )
    values = ProgramRunner(program, ModelPort(PARAMETERS, size=1 << 25))(x, condition)
    expected, _ = run_exact([(weights, plan)], x, condition, PARAMETERS)
    assert same(values, expected)
    found = sqnr(values, run_float(weights, x, condition), x)
    print(f"{len(program.jobs)} jobs, {program.memory.stop - program.memory.start:,} bytes, {found:.1f} dB")
    assert found > 20
