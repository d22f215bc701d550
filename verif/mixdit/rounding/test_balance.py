"""Channels balanced inside a model that stays the same function."""

import pytest
import torch
from torch import nn

from mixdit.rounding.balance import balance
from verif.mixdit.called_models import CASES, digits, outputs


@pytest.mark.parametrize("case", CASES)
def test_the_function_stays_and_the_weights_do_not(case):
    model, batches = CASES[case]()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    result = balance(model, batches)
    assert type(result) is type(model)
    want, got = outputs(model, batches), outputs(result, batches)
    assert (got - want).abs().max() < 1e-4 * want.abs().max()
    others = {
        name
        for name, value in result.state_dict().items()
        if name not in before or not torch.equal(value, before[name])
    }
    assert len(others) >= 6
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def spreads(model: nn.Module, batches, paths):
    """Deviations of channels of what these layers get, and their means."""
    seen: dict[str, list[torch.Tensor]] = {path: [] for path in paths}
    hooks = [
        model.get_submodule(path).register_forward_pre_hook(
            lambda module, args, path=path: seen[path].append(args[0].flatten(0, -2))
        )
        for path in paths
    ]
    outputs(model, batches)
    for hook in hooks:
        hook.remove()
    return {path: (torch.cat(x).std(0), torch.cat(x).mean(0)) for path, x in seen.items()}


def test_channels_are_centred_and_scaled_as_the_exponent_says():
    model, batches = digits()
    paths = ("blocks.1.attention.qkv", "blocks.2.fc1", "blocks.3.attention.projection")
    before = spreads(model, batches, paths)
    for exponent in (1.0, 0.3):
        result = balance(model, batches, exponent)
        for path, (spread, mean) in spreads(result, batches, paths).items():
            assert mean.abs().max() < 2e-3 * spread.max()
            weights = model.get_submodule(path).weight.square().mean(0).sqrt()
            scale = before[path][0] / spread
            expected = before[path][0] ** exponent / weights ** (1 - exponent)
            torch.testing.assert_close(scale / scale.mean(), expected / expected.mean(), rtol=2e-2, atol=0)


def test_layers_without_a_bias_are_scaled_alone():
    model, batches = digits()
    projection = model.blocks[0].attention.projection
    bare = nn.Linear(projection.in_features, projection.out_features, bias=False)
    bare.weight = projection.weight
    model.blocks[0].attention.projection = bare
    result = balance(model, batches)
    assert result.blocks[0].attention.projection.bias is None
    want = outputs(model, batches)
    assert (outputs(result, batches) - want).abs().max() < 1e-4 * want.abs().max()


def test_what_cannot_be_balanced():
    model, batches = digits()
    with pytest.raises(ValueError, match="batches must hold at least 1 batch, not 0"):
        balance(model, [])
    with pytest.raises(ValueError, match=r"exponent must be 0 to 1, not 1\.5"):
        balance(model, batches, 1.5)
    with pytest.raises(ValueError, match="a Linear has no block whose norms or values can absorb a scale"):
        balance(nn.Linear(3, 3), batches)
