"""Packed weights: the bytes that golden packs, there and back."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import golden
from golden import MX4, MX6, MX9
from mixdit.layers.linear import MXLinear
from mixdit.layers.packed import load_packed, pack_rows, restore, save_packed, unpack_rows
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.plan.plan_file import plan_to_json
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.quantize import quantize
from verif.mixdit.compare import same_codes

K = 70


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(K, 12), nn.GELU(), nn.Linear(12, 5, bias=False)).requires_grad_(False)


def plan(seed: int = 0, fmt: golden.Format = MX6) -> Plan:
    order = torch.randperm(K, generator=torch.Generator().manual_seed(seed)).tolist()
    return Plan(
        linears={
            "0": LinearPlan(in_features=K, high_blocks=2, permutation=tuple(order), weight=fmt),
            "2": LinearPlan(in_features=12, weight=MX9),
        }
    )


def test_rows_are_the_bytes_that_golden_packs():
    x = torch.randn(7, K)
    for formats in ((MX6,) * 5, (MX9, MX9, MX6, MX6, MX6), (MX4, MX9, MX9, MX6, MX4)):
        codes = quantize(x, formats)
        packed = pack_rows(codes)
        blocks = [golden.quantize(x[:, 16 * i : 16 * i + 16].numpy(), f) for i, f in enumerate(formats)]
        assert np.array_equal(packed.numpy(), np.concatenate([golden.pack(b) for b in blocks], axis=1))
        assert packed.shape[1] == sum(fmt.block_bytes for fmt in formats)
        back = unpack_rows(packed, formats, K)
        assert same_codes(back, codes.to_golden())
        with pytest.raises(ValueError, match=f"take {packed.shape[1]} bytes, not {packed.shape[1] - 1}"):
            unpack_rows(packed[:, 1:], formats, K)


def test_files_hold_every_weight_and_bias(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_packed(model(), plan(), path)
    tensors = load_file(path)
    assert {name: tuple(t.shape) for name, t in tensors.items()} == {
        "0.weight": (12, 5 * 12),
        "0.bias": (12,),
        "2.weight": (5, 18),
    }
    weight = model()[0].weight[:, list(plan().linears["0"].permutation)].numpy()
    assert np.array_equal(tensors["0.weight"].numpy(), golden.pack(golden.quantize(weight, MX6)))
    packed = load_packed(path)
    assert packed.plan == plan()
    exact = MXLinear(model()[0], plan().linears["0"], "exact")
    assert same_codes(packed.codes("0"), exact.operand().codes.to_golden())


@pytest.mark.parametrize("fmt", [MX4, MX6, MX9], ids=str)
def test_restored_weights_quantize_to_the_same_codes(fmt, tmp_path):
    path = tmp_path / "weights.safetensors"
    original, other = model(), model()
    nn.init.zeros_(other[0].weight)
    nn.init.ones_(other[0].bias)
    nn.init.zeros_(other[2].weight)
    save_packed(original, plan(fmt=fmt), path)
    restore(other, load_packed(path))
    x = torch.randn(9, K)
    want, got = (quantize_model(m, plan(fmt=fmt))(x) for m in (original, other))
    assert torch.equal(want, got)
    assert not torch.equal(original[0].weight, other[0].weight)


def test_plans_by_timestep_have_weights_each(tmp_path):
    path = tmp_path / "weights.safetensors"
    both = TimestepPlan((500.0,), (plan(0), plan(1)))
    save_packed(model(), both, path)
    packed = load_packed(path)
    assert packed.plan == both
    assert sorted(packed.tensors) == ["0.bias"] + [f"plans.{i}.{j}.weight" for i in (0, 1) for j in (0, 2)]
    for i in (0, 1):
        want = MXLinear(model()[0], plan(i).linears["0"], "exact").operand().codes
        assert same_codes(packed.codes("0", i), want.to_golden())


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(ValueError, match="'0' must be a linear layer of 64 channels"):
        save_packed(model(), Plan(linears={"0": LinearPlan(in_features=64)}), path)
    path.write_bytes(b"x")
    with pytest.raises(ValueError, match="is not a file of packed weights"):
        load_packed(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="it holds no plan"):
        load_packed(path)
    save_file({"a": torch.zeros(1)}, path, {"mixdit": json.dumps(plan_to_json(plan()) | {"version": 0})})
    with pytest.raises(ValueError, match="version 1"):
        load_packed(path)
    with pytest.raises(FileNotFoundError):
        load_packed(tmp_path / "none")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    wrong = model()
    with torch.no_grad():
        wrong[0].bias[1] = torch.nan
    with pytest.raises(ValueError, match=r"0: bias must be finite, and 1 of \d+ values are not"):
        save_packed(wrong, plan(), tmp_path / "weights.safetensors")
    assert not list(tmp_path.iterdir())
