"""Models, plans and inputs that compilers of diffusers' blocks refuse, each in one clear line."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from golden import MX4, MX6, MX9
from golden.engine import EngineParameters
from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.compile_layers import compile_layers
from mixdit.compiler.diffusers_blocks import diffusers_block
from mixdit.compiler.diffusers_program import Sizes, diffusers_program, load_transformer
from mixdit.compiler.layer import Layer
from mixdit.compiler.program_file import MAP, load_program, save_program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.driver import ModelPort
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from verif.mixdit.compiler.tiny_models import example, tiny_model

PARAMETERS = EngineParameters(reorder_columns=64, function_lanes=1)

PATH = "transformer_blocks.0"

UNKNOWN_ROW = LinearPlan(in_features=40, high=MX6, low=MX4, high_blocks=1)


def compiled(kind="pixart", **other):
    arguments = {"tokens": 5, "context_tokens": 3, "samples": 2, "parameters": PARAMETERS} | other
    return compile_layers([diffusers_block(tiny_model(kind), 0)], **arguments)


@pytest.mark.parametrize(
    ("kind", "other", "message"),
    [
        ("pixart", {"tokens": 0}, "tokens must be at least 1, not 0"),
        ("sd3", {"samples": 0}, "samples must be at least 1, not 0"),
        ("sd3", {"context_tokens": 0}, "context_tokens must be at least 1, not 0"),
        ("dit", {}, "context_tokens must be 0 for blocks without a context, not 3"),
        (
            "sd3",
            {"parameters": EngineParameters(reorder_columns=64, function_lanes=0)},
            "must have function_lanes",
        ),
        (
            "pixart",
            {"parameters": EngineParameters(reorder_columns=39, function_lanes=1)},
            "reorder_columns of at least the width 40, not 1 and 39",
        ),
    ],
)
def test_sizes_and_engines(kind, other, message):
    with pytest.raises(ValueError, match=message):
        compiled(kind, **other)


def test_blocks_that_do_not_fit_each_other():
    with pytest.raises(ValueError, match="at least 1 block, not 0"):
        compile_layers([], tokens=5, parameters=PARAMETERS)
    blocks = [diffusers_block(tiny_model("dit", head_width=w), 0) for w in (16, 24)]
    with pytest.raises(ValueError, match=r"a ConditionedBlock of width 32, not a .* width 48"):
        compile_layers(blocks, tokens=5, parameters=PARAMETERS)
    mixed = [blocks[0], diffusers_block(tiny_model("pixart"), 0)]
    with pytest.raises(ValueError, match=r"block 1 must be a ConditionedBlock .*not a TableBlock"):
        compile_layers(mixed, tokens=5, parameters=PARAMETERS)
    with pytest.raises(MemoryError, match="no room"):
        compiled(memory=range(0x1000, 0x2000))


@pytest.mark.parametrize(
    ("kind", "other", "message"),
    [
        ("pixart", {"activation_fn": "geglu"}, r"\.ff must have GELU by tanh .*, not GEGLU"),
        (
            "dit",
            {"activation_fn": "gelu"},
            r"\.ff must have GELU by tanh .*, not GELU with approximate='none'",
        ),
        ("pixart", {"norm_elementwise_affine": True}, r"\.norm1 must have no scale and shift"),
        ("pixart", {"cross_attention_dim": None}, "must have a cross-attention to text"),
        ("sd3", {"qk_norm": "layer_norm"}, r"\.norm_q: .* no norm or an RMSNorm, not a LayerNorm"),
    ],
)
def test_models_that_are_built_otherwise(kind, other, message):
    with pytest.raises(ValueError, match=message):
        diffusers_block(tiny_model(kind, layers=1, **other), 0)


def test_models_of_another_kind():
    with pytest.raises(ValueError, match=r"model must be one of DiTTransformer2DModel, .*, not Linear"):
        diffusers_block(torch.nn.Linear(2, 2), 0)
    with pytest.raises(ValueError, match="block must be 0 to 1, not 2"):
        diffusers_block(tiny_model("dit"), 2)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            Plan(linears={f"{PATH}.attn1.to_q": LinearPlan(in_features=48)}),
            f"{PATH}.attn1.to_q: the plan has 48 channels, the layer 32",
        ),
        (
            Plan(linears={f"{PATH}.ff.net.2": LinearPlan(in_features=128, threshold=1.0)}),
            f"{PATH}.ff.net.2: a threshold chooses formats at run time",
        ),
        (
            Plan(
                linears={f"{PATH}.attn2.to_k": LinearPlan(in_features=40, high=MX6, low=MX4, high_blocks=1)}
            ),
            f"{PATH}.attn2.to_k: a row is MX9 followed by",
        ),
        (
            Plan(attentions={f"{PATH}.attn2": AttentionPlan(heads=(MX6,) * 3)}),
            f"{PATH}.attn2: the plan has 3 heads, the attention 2",
        ),
    ],
)
def test_plans_of_other_models(plan, message):
    with pytest.raises(ValueError, match=message):
        diffusers_block(tiny_model("pixart"), 0, plan=plan)


def test_what_a_plan_does_not_name_is_in_mx9():
    named = LinearPlan(in_features=32, high_blocks=1)
    plan = Plan(linears={f"{PATH}.attn1.to_q": named}, attentions={})
    block = diffusers_block(tiny_model("pixart"), 0, plan=plan, weight=MX4, activation=MX4)
    assert block.attention.query.plan is named
    assert (block.attention.key.plan.weight, block.attention.key.plan.low) == (MX9, MX9)
    assert block.heads.heads == (HeadFormats.of(MX9),) * 2


def test_epsilons_of_norms():
    block = diffusers_block(tiny_model("dit", norm_eps=1e-4), 0)
    assert (block.epsilon, block.perceptron.epsilon) == (1e-6, 1e-4)
    block = diffusers_block(tiny_model("pixart", norm_eps=1e-4), 0)
    assert (block.epsilon, block.perceptron.epsilon) == (1e-4, 1e-4)
    model = tiny_model("sd3, norms")
    for n, name in enumerate(("norm_q", "norm_k", "norm_added_q", "norm_added_k")):
        getattr(model.transformer_blocks[0].attn, name).eps = n + 1.0
    block = diffusers_block(model, 0)
    norms = [
        norm
        for layers in (block.attention, block.context_attention)
        for norm in (layers.query_norm, layers.key_norm)
    ]
    assert [norm.epsilon for norm in norms] == [1, 2, 3, 4]
    assert np.array_equal(norms[3].weight, model.transformer_blocks[0].attn.norm_added_k.weight.numpy())


def test_layers_and_plans_of_other_widths():
    weights = LinearWeights(np.zeros((3, 16), np.float32), np.zeros(3, np.float32))
    layer = Layer(weights, LinearPlan(in_features=16))
    assert (layer.in_features, layer.out_features) == (16, 3)
    with pytest.raises(ValueError, match="the plan has 32 channels, the layer 16"):
        replace(layer, plan=LinearPlan(in_features=32))
    block = diffusers_block(tiny_model("sd3"), 1)
    with pytest.raises(ValueError, match="these tokens have no layers query and output"):
        block.context_attention.asking()


def test_inputs_of_a_program():
    model = tiny_model("pixart")
    run = ProgramRunner(compiled(), ModelPort(PARAMETERS))
    given = example(model, 0, samples=2, tokens=5, context_tokens=3).inputs
    run(**given)
    with pytest.raises(ValueError, match="takes tokens, condition, context, mask, not tokens, condition"):
        run(given["tokens"], given["condition"])
    for name, shape in (("condition", "(2, 192)"), ("context", "(6, 40)"), ("mask", "(2, 3)")):
        other = given | {name: given[name][1:]}
        with pytest.raises(ValueError, match=re.escape(f"{name} must have shape {shape}")):
            run(**other)
    with pytest.raises(TypeError, match="mask must be a float32 array, not bool"):
        run(**given | {"mask": given["mask"] == 0})
    joint = ProgramRunner(compiled("sd3"), ModelPort(PARAMETERS))
    with pytest.raises(ValueError, match=r"takes tokens, condition, context, not tokens, .*, mask"):
        joint(**given)


def test_inputs_and_outputs_in_files(tmp_path):
    program = compiled("sd3")
    save_program(program, tmp_path)
    found = load_program(tmp_path)
    assert (found.inputs, found.outputs) == (program.inputs, program.outputs)
    assert found.outputs == ("tokens", "context")
    text = (tmp_path / MAP).read_text()
    (tmp_path / MAP).write_text(text.replace('"inputs"', '"others"'))
    assert load_program(tmp_path).inputs == ("tokens", "condition")


@pytest.mark.parametrize("kind", ["pixart", "sd3"])
def test_jobs_say_which_head_they_are_of(kind, tmp_path):
    """As their names do, which are for people; also from a file, and not in one from before they did."""
    program = compiled(kind)
    for job in program.jobs:
        named = re.search(r"sample (\d+).* of head (\d+)$", job.name)
        assert job.of_head == (named and tuple(map(int, named.groups()))), job.name
    heads = {job.of_head for job in program.jobs} - {None}
    assert heads == {(sample, head) for sample in range(2) for head in range(1 + max(h for _, h in heads))}
    save_program(program, tmp_path)
    assert load_program(tmp_path).jobs == program.jobs
    text = (tmp_path / MAP).read_text()
    (tmp_path / MAP).write_text(text.replace('"of_head"', '"other"'))
    assert {job.of_head for job in load_program(tmp_path).jobs} == {None}


def test_sizes_of_a_model():
    assert vars(Sizes(tiny_model("pixart"), None, None)) == {"tokens": 16, "context_tokens": 300}
    assert vars(Sizes(tiny_model("sd3"), 12, 7)) == {"tokens": 12, "context_tokens": 7}
    with pytest.raises(ValueError, match="left out, as a DiTTransformer2DModel has no context"):
        Sizes(tiny_model("dit"), None, 7)


def test_blocks_with_embeddings_of_their_own():
    model = tiny_model("dit")
    arguments = {"weight": MX6, "activation": MX9, "sizes": Sizes(model, 4, None), "parameters": PARAMETERS}
    with pytest.raises(ValueError, match="blocks 0 and 1 embed timestep and label each in its own way"):
        diffusers_program(model, range(2), **arguments)
    model.transformer_blocks[1].norm1.emb = model.transformer_blocks[0].norm1.emb
    assert len(diffusers_program(model, range(2), **arguments).jobs) == 1 + 2 * 19


def test_folders_without_a_transformer(tmp_path):
    with pytest.raises(ValueError, match=r"holds no transformer of diffusers: it needs a config.json"):
        load_transformer(tmp_path)
    (tmp_path / "config.json").write_text('{"_class_name": "UNet2DModel"}')
    with pytest.raises(ValueError, match=r"must hold one of DiTTransformer2DModel, .*, not 'UNet2DModel'"):
        load_transformer(tmp_path)
    (tmp_path / "config.json").write_text('{"_class_name": "SD3Transformer2DModel"}')
    with pytest.raises(ValueError, match="holds no SD3Transformer2DModel"):
        load_transformer(tmp_path)
