"""Blocks of diffusers on the golden engine: the same bits as in tensor math, and close to floats."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from golden import MX6, MX9
from golden.engine import EngineParameters, regions
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_layers import AttentionLayers, ConditionedBlock, Perceptron
from mixdit.compiler.compile_layers import compile_layers
from mixdit.compiler.diffusers_blocks import diffusers_block
from mixdit.compiler.example import context_snr_db, snr_db
from mixdit.compiler.layer import Layer
from mixdit.compiler.program import CONTEXT
from mixdit.compiler.program_run import ProgramRunner
from mixdit.compiler.random_weights import random_weights
from mixdit.driver import ModelPort
from mixdit.layers.attention_sites import attention_sites
from mixdit.layers.packed import load_packed, restore, save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from verif.mixdit.compiler.exact_layers import ExactLayers
from verif.mixdit.compiler.random_blocks import random_inputs, random_linear, random_plan, with_random_plans
from verif.mixdit.compiler.tiny_models import KINDS, example, tiny_model

PARAMETERS = EngineParameters(rows=4, cols=8, reorder_columns=256, function_lanes=4)


def run(program, inputs, memory=1 << 22):
    runner = ProgramRunner(program, ModelPort(program.parameters, size=memory))
    values = runner(**inputs)
    return values, runner.values(CONTEXT) if CONTEXT in program.outputs else None


def same(x, y):
    return np.array_equal(x.view(np.uint32), y.view(np.uint32))


def run_exact(block, parameters, inputs, samples):
    """All samples in tensor math."""
    parts = {name: np.split(value, samples) for name, value in inputs.items()}
    exact, results = ExactLayers(block, parameters), []
    for s in range(samples):
        rows = {"condition": parts["condition"][s][0]}
        rows |= {"context": parts["context"][s]} if "context" in parts else {}
        rows |= {"mask": parts["mask"][s][0]} if "mask" in parts else {}
        results.append(exact(parts["tokens"][s], **rows))
    tokens, contexts = zip(*results, strict=True)
    return np.concatenate(tokens), None if contexts[0] is None else np.concatenate(contexts)


CASES = [(kind, number) for kind in KINDS for number in range(1 + kind.startswith("sd3"))]
"""The last block of Stable Diffusion 3 differs from the others."""


@pytest.mark.parametrize("plans", ["alike", "shared", "each its own"])
@pytest.mark.parametrize(("kind", "number"), CASES)
def test_same_bits_as_tensor_math(kind, number, plans):
    rng = np.random.default_rng([number, len(plans), *map(ord, kind)])
    heads, head_width, tokens, context_tokens, samples = [
        (2, 16, 16, 5, 1), (3, 8, 20, 7, 2), (2, 24, 7, 18, 2), (1, 72, 33, 16, 1), (2, 64, 3, 1, 2),
    ][rng.integers(5)]  # fmt: skip
    model = tiny_model(kind, heads=heads, head_width=head_width)
    block = diffusers_block(model, number, weight=MX6, activation=MX9)
    if plans != "alike":
        widths = (heads * head_width, 40) if plans == "shared" else ()
        shared = {width: random_linear(rng, width) for width in widths}
        block = with_random_plans(rng, block, shared)
    parameters = EngineParameters(
        k_blocks=int(rng.choice([2, 6, 72])), reorder_columns=256, function_lanes=1,
        fraction_bits=int(rng.integers(12, 20)),
    )  # fmt: skip
    counts = [int(n) for n in rng.integers(1, context_tokens + 1, samples)]
    inputs = example(
        model, number, samples=samples, tokens=tokens, context_tokens=context_tokens, counts=counts
    ).inputs
    program = compile_layers(
        [block],
        tokens=tokens,
        context_tokens=0 if kind == "dit" else context_tokens,
        samples=samples,
        parameters=parameters,
    )
    runner = ProgramRunner(program, ModelPort(parameters, size=1 << 22))
    expected, expected_context = run_exact(block, parameters, inputs, samples)
    for _ in range(2):  # Memory is the same before another run.
        assert same(runner(**inputs), expected)
        if expected_context is not None:
            assert same(runner.values(CONTEXT), expected_context)


def plan_of(model, rng, **formats):
    """A plan for every layer of a model's blocks, channels in any order, and every second head in MX9."""
    linears = {}
    for path, module in model.named_modules():
        if (
            path.startswith("transformer_blocks")
            and ".emb." not in path
            and isinstance(module, torch.nn.Linear)
        ):
            order = tuple(map(int, rng.permutation(module.in_features)))
            linears[path] = LinearPlan(
                in_features=module.in_features, **{"high_blocks": 1, "permutation": order, **formats}
            )
    heads = (MX9, MX9) if formats else (MX6, MX9)
    attentions = {
        path: AttentionPlan(heads=tuple(heads[h % 2] for h in range(site.heads)))
        for path, site in attention_sites(model).items()
    }
    return Plan(linears=linears, attentions=attentions)


@pytest.mark.parametrize("formats", [{}, {"weight": MX9, "low": MX9}], ids=["mixed", "MX9"])
@pytest.mark.parametrize(("kind", "number"), CASES)
def test_as_precise_as_the_layers_of_the_same_plan(kind, number, formats):
    """Functions, norms and softmax of the engine cost nothing against PyTorch's."""
    sizes = {"samples": 2, "tokens": 64, "context_tokens": 24}
    model, rng = tiny_model(kind, heads=4, head_width=24), np.random.default_rng(7)
    given = example(model, number, **sizes, counts=[24, 9])
    plan = plan_of(model, rng, **formats)
    sizes["context_tokens"] *= kind != "dit"
    program = compile_layers([diffusers_block(model, number, plan=plan)], **sizes, parameters=PARAMETERS)
    tokens, context = run(program, given.inputs)
    found = snr_db(tokens, given), context_snr_db(context, given)
    layers = example(
        quantize_model(model, plan), number, samples=2, tokens=64, context_tokens=24, counts=[24, 9]
    )
    expected = snr_db(layers.floats, given), context_snr_db(layers.context_floats, given)
    print(f"{kind}, block {number}: {found} dB, layers in PyTorch {expected} dB")
    assert (found[1] is None) == (expected[1] is None)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours is None or ours > max(theirs - 0.2, 35 if formats else 15)


def test_text_that_is_masked_does_not_matter():
    model = tiny_model("pixart", head_width=24)
    block = diffusers_block(model, 0, weight=MX6, activation=MX9)
    sizes = {"samples": 2, "tokens": 20, "context_tokens": 18}
    given = example(model, 0, **sizes, counts=[5, 18]).inputs
    program = compile_layers([block], **sizes, parameters=PARAMETERS)
    # Tokens of a block share the exponent of V: those behind 16 have a block of their own.
    given["context"][5:16] = 0
    expected, _ = run(program, given)
    changed = given["context"].copy()
    changed[16:18] = 1e3
    for text, masked in ((changed, -np.inf), (given["context"], -1e4), (changed, -1e30)):
        mask = np.where(given["mask"] < 0, np.float32(masked), np.float32(0))
        assert same(run(program, given | {"context": text, "mask": mask})[0], expected)
    no_mask = given | {"mask": np.zeros_like(given["mask"])}
    everything, _ = run(program, no_mask)
    assert same(everything[20:], expected[20:])
    assert not np.allclose(everything[:20], expected[:20])
    # As many text tokens as there are, and no mask.
    short = {"samples": 1, "tokens": 20, "context_tokens": 5}
    alone = {
        "tokens": given["tokens"][:20], "condition": given["condition"][:1],
        "context": given["context"][:5], "mask": np.zeros((1, 5), np.float32),
    }  # fmt: skip
    assert same(run(compile_layers([block], **short, parameters=PARAMETERS), alone)[0], expected[:20])


def test_a_block_of_dit_is_one_of_the_digits_kind():
    """The same weights and one plan for q, k and v: the same bits."""
    rng = np.random.default_rng(0)
    weights = random_weights(rng, heads=3, head_width=24, hidden=100)
    plan = random_plan(rng, weights)
    q, k, v = (Layer(layer, plan.qkv) for layer in weights.split_qkv())
    block = ConditionedBlock(
        modulation=Layer(weights.modulation, plan.modulation),
        attention=AttentionLayers(query=q, key=k, value=v, output=Layer(weights.projection, plan.projection)),
        heads=plan.attention,
        epsilon=weights.epsilon,
        perceptron=Perceptron(
            hidden=Layer(weights.fc1, plan.fc1), output=Layer(weights.fc2, plan.fc2), epsilon=weights.epsilon
        ),
    )
    sizes = {"tokens": 19, "samples": 2, "parameters": PARAMETERS}
    left, right = compile_layers([block], **sizes), compile_blocks([(weights, plan)], **sizes)
    x, condition = random_inputs(rng, samples=2, tokens=19, width=72)
    inputs = {"tokens": x, "condition": condition}
    assert same(run(left, inputs)[0], run(right, inputs)[0])


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_jobs_read_what_is_there_and_leave_constants(kind, number):
    """Every byte that a job reads is a constant, an input, or what a job before has written."""
    rng = np.random.default_rng(number)
    model = tiny_model(kind, heads=3, head_width=24)
    block = with_random_plans(rng, diffusers_block(model, number), {})
    program = compile_layers(
        [block], tokens=21, context_tokens=0 if kind == "dit" else 5, samples=2, parameters=PARAMETERS
    )
    places = [range(m.address, m.address + m.size) for m in program.matrices]
    assert all(left.stop <= right.start for left, right in pairwise(places))
    there, constant = (np.zeros(program.memory.stop, bool) for _ in range(2))
    for each in program.constants:
        constant[each.address : each.address + each.data.size] = True
    there |= constant
    for name in program.inputs:
        matrix = program.matrix(name)
        there[matrix.address : matrix.address + matrix.size] = True
    for job in program.jobs:
        found = regions(job.descriptor)
        read = [r for name, r in found.items() if name != "D" or job.descriptor.accumulate]
        assert all(there[_bytes(region)].all() for region in read), job.name
        written = _bytes(found["D"])
        assert not constant[written].any(), job.name
        there[written] = True


def _bytes(region):
    rows = region.address + region.pitch * np.arange(region.rows)[:, None]
    return rows + np.arange(region.row_bytes)


def test_an_attention_without_biases():
    model = tiny_model("pixart", attention_bias=False)
    assert model.transformer_blocks[0].attn1.to_v.bias is None
    sizes = {"samples": 1, "tokens": 40, "context_tokens": 11}
    given = example(model, 0, **sizes)
    tokens, _ = run(compile_layers([diffusers_block(model, 0)], **sizes, parameters=PARAMETERS), given.inputs)
    assert snr_db(tokens, given) > 35


def test_values_of_two_sequences_have_their_own_biases():
    """Large biases of v, so that a part of them would be seen; equal ones cost nothing."""
    model = tiny_model("sd3")
    attention = model.transformer_blocks[0].attn
    sizes = {"samples": 1, "tokens": 20, "context_tokens": 9}
    widths = []
    for scale in (4.0, 0.0):
        attention.to_v.bias.normal_(std=4.0)
        attention.add_v_proj.bias.copy_(attention.to_v.bias + scale * torch.randn(32))
        given = example(model, 0, **sizes)
        program = compile_layers([diffusers_block(model, 0)], **sizes, parameters=PARAMETERS)
        tokens, context = run(program, given.inputs)
        assert min(snr_db(tokens, given), context_snr_db(context, given)) > 35
        widths.append(program.matrix("context's input of the joint attention").shape[1])
    assert widths == [32 + 16, 32]


@pytest.mark.parametrize("kind", ["pixart", "sd3, two attentions"])
def test_blocks_one_after_the_other(kind):
    model, rng = tiny_model(kind, heads=2, head_width=24, layers=3), np.random.default_rng(3)
    sizes = {"samples": 2, "tokens": 18, "context_tokens": 7}
    inputs = example(model, 0, **sizes, counts=[3, 7]).inputs
    blocks = [with_random_plans(rng, diffusers_block(model, n), {}) for n in range(3)]
    program = compile_layers(blocks, **sizes, parameters=PARAMETERS)
    given = dict(inputs)
    for block in blocks:
        tokens, context = run_exact(block, PARAMETERS, given, 2)
        given |= {"tokens": tokens} | ({} if context is None else {"context": context})
    found, found_context = run(program, inputs)
    assert same(found, tokens)
    assert context is None or same(found_context, context)
    names = [matrix.name for matrix in program.matrices]
    assert names.count("tokens") == 1


def test_packed_weights_are_the_programs_to_the_bit(tmp_path):
    for kind, path, name in (
        ("pixart", "transformer_blocks.0.attn2.to_q", "cross-attention, q, MX6"),
        ("sd3", "transformer_blocks.0.ff_context.net.2", "the context's perceptron's output"),
    ):
        model, rng = tiny_model(kind), np.random.default_rng(1)
        plan = replace(plan := plan_of(model, rng), attentions={
            path: AttentionPlan(heads=(MX6,) * len(heads.heads)) for path, heads in plan.attentions.items()
        })  # fmt: skip
        save_packed(model, plan, tmp_path / "packed.safetensors")
        packed, other = load_packed(tmp_path / "packed.safetensors"), tiny_model(kind, seed=5)
        other.load_state_dict(model.state_dict())
        restore(other, packed)
        assert not torch.equal(other.get_submodule(path).weight, model.get_submodule(path).weight)
        program, restored = (
            compile_layers(
                [diffusers_block(m, 0, plan=p)], tokens=16, context_tokens=5, parameters=PARAMETERS
            )
            for m, p in ((model, plan), (other, packed.plan))
        )
        weights = {c.name: c.data for c in program.constants if ": weight of " in c.name}
        for constant in restored.constants:
            if constant.name in weights:
                assert np.array_equal(weights[constant.name], constant.data), constant.name
        rows = packed.tensors[f"{path}.weight"].numpy()
        assert np.array_equal(weights[f"block 0: weight of {name}"], rows.reshape(-1))
