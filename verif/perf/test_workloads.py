"""What networks do, against PyTorch's own count, published figures and hand calculation."""

import functools
import json
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from gen.markdown import section
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise
from perf.workloads.extract import extract
from perf.workloads.models import MODELS, build, published
from perf.workloads.operation import KINDS, PRODUCTS
from perf.workloads.page import PAGE
from perf.workloads.recorder import Recorder
from perf.workloads.tables import operations_table, outside_table, products_table, summary

TERAFLOPS = {
    "dit-xl-2-256": 0.4747,
    "dit-xl-2-512": 2.0983,
    "pixart-sigma-1024": 13.267,
    "sd3-medium-1024": 17.809,
    "hunyuandit-1024": 28.7317,
}
"""A step of two samples, two FLOPs for each multiplication with addition."""


@functools.cache
def workload_of(name, **sizes):
    module, inputs = build(name, **sizes)
    return extract(module, **inputs)


def counted(module, *inputs, **named):
    """FLOPs by PyTorch's counter."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*inputs, **named)
    return counter.get_total_flops()


class Attention(nn.Module):
    """Attention with all that ``scaled_dot_product_attention`` takes."""

    def __init__(self, **named):
        super().__init__()
        self.named = named

    def forward(self, query, key, value):
        return functional.scaled_dot_product_attention(query, key, value, **self.named)


@pytest.mark.parametrize("name", MODELS)
def test_flops_of_published_networks_equal_pytorchs_count_and_the_figures_to_meet(name):
    module, inputs = build(name)
    workload = extract(module, **inputs)
    assert workload.flops == counted(module, **inputs)
    assert workload.flops / 1e12 == pytest.approx(TERAFLOPS[name], rel=1e-4)
    assert workload.parameters == sum(parameter.numel() for parameter in module.parameters())
    assert workload.unknown == {}
    assert {operation.kind for operation in workload.operations} <= set(KINDS) - {"unknown"}


def test_published_counts_of_others():
    """DiT's authors count a multiplication with addition once, of one sample; PixArt's file is float32."""
    for name, gigaflops in (("dit-xl-2-256", 119), ("dit-xl-2-512", 525)):
        assert round(workload_of(name, batch=1).flops / 2e9) == gigaflops
    module, _ = build("pixart-sigma-1024")
    size_of_file = 2443492488
    header = size_of_file - 4 * sum(parameter.numel() for parameter in module.parameters())
    assert 0 < header < 100_000


@pytest.mark.parametrize("seed", range(12))
def test_flops_of_random_networks_equal_pytorchs_count(seed):
    """Real tensors: linear layers, convolutions in groups and transposed, attention in several forms."""
    draw = torch.Generator().manual_seed(seed)

    def pick(*of):
        return of[int(torch.randint(len(of), (), generator=draw))]

    groups, channels, side = pick(1, 2, 4), pick(8, 16), pick(7, 8)
    kernel, stride = pick(1, 3), pick(1, 2)
    of = pick(nn.Conv2d, nn.ConvTranspose2d)
    features = pick(16, 24)
    picture = nn.Sequential(
        of(channels, 2 * channels, kernel, stride, padding=kernel // 2, groups=groups),
        nn.GroupNorm(2, 2 * channels),
        nn.SiLU(),
        nn.Flatten(2),
        nn.LazyLinear(features),
        nn.LayerNorm(features),
        nn.GELU(),
    )
    given = torch.randn(pick(1, 3), channels, side, side, generator=draw)
    picture(given)
    assert extract(picture.eval(), given).flops == counted(picture, given) > 0

    layer = nn.TransformerEncoderLayer(
        features, 4, 2 * features, batch_first=True, norm_first=pick(True, False)
    )
    tokens = torch.randn(2, pick(5, 9), features, generator=draw)
    workload = extract(layer.eval(), tokens)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            assert workload.flops == counted(layer, tokens)
        finally:
            torch.backends.mha.set_fastpath_enabled(True)
    assert [op.kind for op in workload.products].count("attention scores") == 1
    assert workload.parameters == sum(parameter.numel() for parameter in layer.parameters())


def test_flops_of_a_trained_network_equal_pytorchs_count():
    """A digits transformer with its weights, in float32 on the CPU."""
    model = load_model("digits-16").eval()
    given = initial_noise(2, 1), torch.zeros(2, dtype=torch.long), balanced_labels(2)
    workload = extract(model, *given)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert workload.flops == counted(model, *given)
    assert workload.attention_flops == 4 * 2 * 2 * 2 * 4 * 16 * 16 * 32
    assert workload.parameters == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"enable_gqa": True},
        {"attn_mask": torch.linspace(-1, 1, 30).view(5, 6)},
        {"attn_mask": torch.arange(30).view(5, 6) % 5 != 0},
    ],
    ids=str,
)
def test_attention_in_its_parts_returns_the_same(named):
    query = torch.randn(2, 4, 5, 8)
    key, value = (torch.randn(2, 2 if "enable_gqa" in named else 4, 6, 8) for _ in range(2))
    module, results = Attention(**named).eval(), []
    want = module(query, key, value)
    module.register_forward_hook(lambda *call: results.append(call[2]))
    workload = extract(module, query, key, value)
    torch.testing.assert_close(results[0], want)
    assert [op.kind for op in workload.products] == ["attention scores", "attention values"]
    scores, values = (op.product for op in workload.products)
    assert (scores.m, scores.k, scores.n, scores.batch) == (5, 8, 6, 8)
    assert (values.m, values.k, values.n, values.batch) == (5, 6, 8, 8)
    assert {(of.heads, of.head_dimension) for of in (scores, values)} == {(4, 8)}
    assert all(op.in_attention for op in workload.operations)


def test_nothing_stays_changed_after_a_call_or_an_error():
    class Failing(nn.Module):
        def forward(self, given):
            raise RuntimeError("on purpose")

    before = functional.scaled_dot_product_attention
    extract(nn.Linear(2, 2).eval(), torch.zeros(2, 2))
    with pytest.raises(RuntimeError, match="on purpose"):
        extract(Failing().eval(), torch.zeros(2))
    assert functional.scaled_dot_product_attention is before
    assert torch.backends.mha.get_fastpath_enabled()
    assert torch.is_grad_enabled()
    with Recorder() as recorder:
        pass
    torch.zeros(2) + torch.ones(2)
    assert recorder.operations == []


def test_products_of_a_block_of_dit_are_those_known_by_hand():
    """Two samples of 256 tokens and 1152 channels, 16 heads of 72, a perceptron of 4608."""
    workload = workload_of("dit-xl-2-256")
    block = [op for op in workload.products if op.layer.startswith("transformer_blocks.3.")]
    leaf = len("transformer_blocks.3.")
    found = [(op.layer[leaf:], op.product.m, op.product.k, op.product.n, op.product.batch) for op in block]
    assert found == [
        ("norm1.emb.timestep_embedder.linear_1", 2, 256, 1152, 1),
        ("norm1.emb.timestep_embedder.linear_2", 2, 1152, 1152, 1),
        ("norm1.linear", 2, 1152, 6 * 1152, 1),
        ("attn1.to_q", 512, 1152, 1152, 1),
        ("attn1.to_k", 512, 1152, 1152, 1),
        ("attn1.to_v", 512, 1152, 1152, 1),
        ("attn1", 256, 72, 256, 32),
        ("attn1", 256, 256, 72, 32),
        ("attn1.to_out.0", 512, 1152, 1152, 1),
        ("ff.net.0.proj", 512, 1152, 4608, 1),
        ("ff.net.2", 512, 4608, 1152, 1),
    ]
    softmax = [op for op in workload.operations if op.kind == "softmax"]
    assert len(softmax) == 28
    # FP16: 32 heads of 256 x 256 read and written.
    assert {op.elements for op in softmax} == {32 * 256 * 256}
    assert {op.bytes_moved for op in softmax} == {2 * 2 * 32 * 256 * 256}
    query = next(op for op in block if op.layer.endswith("to_q"))
    assert query.bytes_read == 2 * (512 * 1152 + 1152 * 1152 + 1152)
    assert query.bytes_written == 2 * 512 * 1152


def test_work_is_proportional_to_samples_and_guidance_has_two():
    flops = {batch: workload_of("dit-xl-2-256", batch=batch).flops for batch in (1, 2, 4)}
    assert flops[2] == 2 * flops[1]
    assert flops[4] == 4 * flops[1]
    dit = published("dit-xl-2-256")
    assert dit.image.guidance > 1
    assert dit.image.batch == 2
    assert dit.step.flops == flops[2]
    assert dit.image_flops == 50 * flops[2] + dit.outside["VAE decoder"].flops
    # Twice as many tokens of text: twice the work on them, and nothing else.
    fewer, usual, more = (workload_of("pixart-sigma-1024", text=text).flops for text in (150, 300, 600))
    assert more - usual == 2 * (usual - fewer) > 0


def test_traffic_counts_what_broadcasting_repeats_once_and_views_not_at_all():
    class Sum(nn.Module):
        def forward(self, wide, narrow):
            return (wide.view(4, 8) + narrow.expand(4, 8)).t()

    workload = extract(Sum().eval(), torch.zeros(32), torch.zeros(8))
    (only,) = workload.operations
    assert (only.kind, only.operator, only.elements) == ("elementwise", "add", 32)
    assert (only.bytes_read, only.bytes_written) == (4 * (32 + 8), 4 * 32)


def test_weights_count_once_however_often_they_are_read():
    layer = nn.Linear(6, 6).eval()
    twice = nn.Sequential(layer, layer).eval()
    workload = extract(twice, torch.zeros(3, 6))
    assert len(workload.products) == 2
    assert workload.weights == 36
    assert workload.parameters == 42
    assert workload.bytes_given == 4 * (18 + 18)


class Sorting(nn.Module):
    def forward(self, given):
        return given.sort().values + 1


def test_operators_in_no_list_are_refused_or_listed():
    with pytest.raises(ValueError, match=r"operators in no list.*: sort;"):
        extract(Sorting().eval(), torch.zeros(8))
    workload = extract(Sorting().eval(), torch.zeros(8), allow_unknown=True)
    assert workload.unknown == {"sort": 1}
    assert "| unknown | 1 |" in operations_table(workload)
    assert workload.by_kind()["unknown"][3] > 0


def test_what_is_no_inference_is_refused():
    with pytest.raises(ValueError, match="training mode"):
        extract(nn.Linear(2, 2), torch.zeros(2))
    with pytest.raises(ValueError, match=r"drops with probability 0\.1"):
        extract(Attention(dropout_p=0.1).eval(), *(torch.zeros(1, 2, 3, 4) for _ in range(3)))


def test_names_and_sizes_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no model 'dit'"):
        build("dit")
    with pytest.raises(ValueError, match="no model 'dit'"):
        published("dit")
    with pytest.raises(ValueError, match="dit-xl-2-256 has no size 'text', only batch"):
        build("dit-xl-2-256", text=3)


def test_tables_say_it_all():
    models = {"dit-xl-2-256": published("dit-xl-2-256")}
    assert "| DiT-XL/2 256 | 749,826,464 | 313 | 0.4747 | 3.6% |" in summary(models)
    assert "| DiT-XL/2 256 | VAE decoder | 83,653,863 | 0.6222 |" in outside_table(models)
    step = models["dit-xl-2-256"].step
    assert "attention scores | 256 | 72 | 256 | 32 | 16 of 72 | 28 |" in products_table(step)
    assert sum(group.calls for group in step.groups()) == len(step.products) == 313
    assert sum(2 * group.product.macs * group.calls for group in step.groups()) == step.flops
    assert {group.kind for group in step.groups()} <= set(PRODUCTS)


@pytest.mark.slow
def test_command_prints_json():
    command = [sys.executable, "-m", "perf.workloads", "--json", "--model", "dit-xl-2-256"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    step = json.loads(run.stdout)["dit-xl-2-256"]["step"]
    assert step["flops"] == sum(2 * group["macs"] * group["calls"] for group in step["products"])
    moved = {kind: of["bytes_moved"] for kind, of in step["kinds"].items() if kind not in PRODUCTS}
    for kind, total in moved.items():
        others = [group for group in step["others"] if group["kind"] == kind]
        assert total == sum(group["bytes_moved"] * group["calls"] for group in others) > 0


@pytest.mark.slow
def test_the_page_has_the_tables_of_today():
    from perf.workloads.__main__ import document

    assert section(PAGE.read_text(), "workloads") == document({name: published(name) for name in MODELS})
