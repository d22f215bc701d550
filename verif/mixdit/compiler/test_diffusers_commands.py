"""``mixdit compile`` and ``mixdit run`` of transformers of diffusers: from a folder to tokens and context."""

import json

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from golden import MX6, MX9
from mixdit.compiler import compile_command, run_command
from mixdit.compiler.diffusers_program import Sizes, diffusers_example, load_transformer
from mixdit.compiler.example import EXAMPLE, load_example
from mixdit.compiler.program_file import load_program
from mixdit.layers.packed import save_packed
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import save_plan
from verif.mixdit.compiler.tiny_models import tiny_model

TO_Q = "transformer_blocks.1.attn1.to_q"


def invoke(module, *arguments):
    app = typer.Typer()
    app.command()(module.command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def compiled(folder, *arguments):
    result = invoke(compile_command, "--json", *arguments, "--output", folder)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def run(folder):
    result = invoke(run_command, folder, "--json")
    assert result.exit_code == 0, result.output
    (model,) = json.loads(result.stdout)["engines"]
    return model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a transformer of each kind; that of DiT within a pipeline's folder."""
    folder = tmp_path_factory.mktemp("models")
    tiny_model("dit").save_pretrained(folder / "dit" / "transformer")
    tiny_model("pixart").save_pretrained(folder / "pixart")
    tiny_model("sd3, two attentions").save_pretrained(folder / "sd3")
    return folder


@pytest.mark.parametrize(
    ("kind", "options", "tokens", "context"),
    [
        ("dit", (), 16, None),
        ("pixart", ("--context-tokens", 20, "--tokens", 12), 12, 20),
        ("sd3", ("--context-tokens", 7), 16, 7),
    ],
)
def test_from_a_folder_to_tokens(models, tmp_path, kind, options, tokens, context):
    options = ("--model", models / kind, "--block", 0, "--samples", 2, "--weight", "MX9", *options)
    figures = compiled(tmp_path, *options)
    program, example = load_program(tmp_path), load_example(tmp_path)
    assert (figures["blocks"], figures["jobs"]) == (1, len(program.jobs))
    assert example.tokens.shape == example.floats.shape == (2 * tokens, 32)
    assert set(example.inputs) == set(program.inputs)
    assert (example.context is None) == (context is None)
    if context is not None:
        assert len(example.context) == 2 * context
    found = run(tmp_path)
    assert found["snr_db"] > 34
    assert (found["context_snr_db"] is not None) == (kind == "sd3")
    shown = invoke(run_command, tmp_path)
    assert f"{found['snr_db']:.1f} dB" in shown.stdout
    if kind == "sd3":
        assert found["context_snr_db"] > 34
        assert f"{found['context_snr_db']:.1f} dB" in shown.stdout


@pytest.mark.engine
def test_the_hardware_gives_every_byte(models, tmp_path):
    engine = ("--rows", 4, "--cols", 4, "--data-bits", 64, "--function-lanes", 2)
    compiled(tmp_path, "--model", models / "sd3", "--block", 0, "--context-tokens", 7, *engine)
    result = invoke(run_command, tmp_path, "--engine", "rtl", "--json")
    assert result.exit_code == 0, result.output
    model, rtl = json.loads(result.stdout)["engines"]
    assert rtl["mismatches"] == 0
    assert 0 < rtl["busy"] < rtl["cycles"]
    for name in ("snr_db", "context_snr_db"):
        assert rtl[name] == model[name] > 15


def test_all_blocks_of_a_model(models, tmp_path):
    figures = compiled(tmp_path, "--model", models / "sd3", "--context-tokens", 5, "--weight", "MX9")
    assert figures["blocks"] == 2
    found = run(tmp_path)
    assert found["snr_db"] > 30
    # The last block leaves the context as the one before has made it; nobody reads it behind.
    assert found["context_snr_db"] is None


def test_an_example_is_what_a_block_gets_and_gives(models):
    """Tokens behind the blocks before, and of PixArt a text of which a part is there."""
    model = load_transformer(models / "pixart")
    arguments = {"samples": 3, "timestep": 500, "seed": 4}
    first, second, both = (
        diffusers_example(model, blocks, Sizes(model, None, 9), **arguments)
        for blocks in (range(1), range(1, 2), range(2))
    )
    assert np.array_equal(first.floats, second.tokens)
    assert np.array_equal(second.floats, both.floats)
    assert np.array_equal(first.tokens, both.tokens)
    assert set(np.unique(first.mask)) == {-np.inf, 0}
    assert (first.mask[:, 0] == 0).all()
    other = diffusers_example(model, range(1), Sizes(model, None, 9), **arguments | {"seed": 5})
    assert not np.array_equal(first.tokens, other.tokens)


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("dit", {}),
        ("pixart", {}),
        ("pixart", {"use_additional_conditions": True, "caption_channels": 24, "cross_attention_dim": 48}),
        ("sd3, two attentions", {}),
    ],
)
def test_an_example_is_that_of_a_forward_pass(kind, other):
    model = tiny_model(kind, head_width=24, **other)
    found = diffusers_example(model, range(1, 2), Sizes(model, None, None), samples=2, timestep=300, seed=1)
    generator, config, times = torch.Generator().manual_seed(1), model.config, torch.tensor([300, 300])

    def normal(*shape):
        return torch.randn(2, *shape, generator=generator)

    given = {"hidden_states": normal(4, 8, 8), "timestep": times}
    if kind == "dit":
        given["class_labels"] = torch.randint(config.num_embeds_ada_norm, (2,), generator=generator)
    elif kind == "pixart":
        given["encoder_hidden_states"] = normal(300, config.caption_channels or config.cross_attention_dim)
        given["encoder_attention_mask"] = torch.tensor(found.mask == 0)
        size = {"resolution": torch.full((2, 2), 64.0), "aspect_ratio": torch.ones(2, 1)}
        given["added_cond_kwargs"] = size if other else None
    else:
        given["pooled_projections"] = normal(config.pooled_projection_dim)
        given["encoder_hidden_states"] = normal(333, config.joint_attention_dim)
    seen = []
    block = model.transformer_blocks[1]
    block.register_forward_pre_hook(lambda m, args, kwargs: seen.extend([args, kwargs]), with_kwargs=True)
    block.register_forward_hook(lambda m, args, output: seen.append(output))
    model(**given)
    args, kwargs, output = seen
    context, floats = output if kind.startswith("sd3") else (None, output)
    condition = kwargs.get("temb", kwargs.get("timestep"))
    if kind == "dit":
        condition = block.norm1.emb(times, given["class_labels"], hidden_dtype=torch.float32)
    expected = {
        "tokens": kwargs["hidden_states"] if kind.startswith("sd3") else args[0],
        "condition": condition,
        "floats": floats,
        "context": kwargs.get("encoder_hidden_states"),
    }
    for name, value in expected.items():
        rows = getattr(found, name)
        assert (rows is None) == (value is None), name
        if value is not None:
            assert np.allclose(rows, value.reshape(rows.shape).numpy(), atol=1e-5), name
    assert context is None
    assert found.context_floats is None


def test_plans_and_packed_weights(models, tmp_path):
    model = load_transformer(models / "pixart")
    linears = {
        path: LinearPlan(in_features=module.in_features, high_blocks=1)
        for path, module in model.named_modules()
        if path.startswith("transformer_blocks.1.") and isinstance(module, torch.nn.Linear)
    }
    assert TO_Q in linears
    plan = Plan(linears=linears, attentions={"transformer_blocks.1.attn1": AttentionPlan(heads=(MX6, MX9))})
    save_plan(plan, tmp_path / "plan.json")
    save_packed(model, plan, tmp_path / "packed.safetensors")
    options = ("--model", models / "pixart", "--block", 1, "--context-tokens", 9)
    compiled(tmp_path / "planned", *options, "--plan", tmp_path / "plan.json")
    compiled(tmp_path / "packed", *options, "--packed", tmp_path / "packed.safetensors")
    planned, packed = (load_program(tmp_path / name) for name in ("planned", "packed"))
    assert planned.jobs == packed.jobs
    for left, right in zip(planned.constants, packed.constants, strict=True):
        if ": weight of " in left.name:
            assert np.array_equal(left.data, right.data), left.name
    assert 15 < run(tmp_path / "planned")["snr_db"] < 30
    assert 15 < run(tmp_path / "packed")["snr_db"] < 30


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("sd3", ("--block", 2), "block must be 0 to 1, not 2"),
        ("dit", ("--context-tokens", 5), "a DiTTransformer2DModel has no context"),
        ("dit", (), "embed timestep and label each in its own way"),
        ("sd3", ("--plan", "x", "--packed", "y"), "plan and packed must not be given both"),
        ("sd3", ("--tokens", 100), "Height"),
        (".", (), "holds no transformer of diffusers"),
    ],
)
def test_what_cannot_be_compiled(models, tmp_path, kind, arguments, message):
    result = invoke(compile_command, "--model", models / kind, *arguments, "--output", tmp_path / "none")
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "none").exists()


def test_tokens_of_a_digits_model(tmp_path):
    result = invoke(compile_command, "--tokens", 20, "--output", tmp_path / "none")
    assert result.exit_code == 2
    assert "tokens and context_tokens are for models of diffusers" in " ".join(
        result.output.replace("│", " ").split()
    )


def test_an_example_of_another_program(models, tmp_path):
    compiled(tmp_path, "--model", models / "sd3", "--block", 0, "--context-tokens", 5)
    with np.load(tmp_path / EXAMPLE) as file:
        kept = {name: file[name] for name in file if name != "context"}
    np.savez(tmp_path / EXAMPLE, **kept)
    result = invoke(run_command, tmp_path)
    assert result.exit_code == 2
    assert "the program takes tokens, condition, context" in " ".join(result.output.replace("│", " ").split())
