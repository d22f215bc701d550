"""Integer weights rounded for the error of their layer's output."""

from functools import partial

import pytest
import torch
from torch import nn

from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.rivals import compensated_integers as module
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.compensated_integers import compensated_integers
from mixdit.rivals.integer import asymmetric_grouped
from mixdit.rivals.integer_grid import IntegerGrid
from mixdit.rivals.watch import watch_layers
from mixdit.rounding.compensated import round_columns

BITS = 4


@pytest.fixture(scope="module")
def calibration():
    model = load_model("digits-16")
    return Calibration(model, trajectory(model, initial_noise(6, 456), balanced_labels(6), 5).batches)


@pytest.fixture(scope="module")
def groups(calibration):
    return {path: (16, 64)[n % 2] for n, path in enumerate(calibration.layers.linears)}


@pytest.fixture(scope="module")
def activations(groups):
    return {path: partial(asymmetric_grouped, bits=8, group=group) for path, group in groups.items()}


@pytest.fixture(scope="module")
def rounded(calibration, groups, activations):
    return compensated_integers(calibration, BITS, groups, activations)


def test_a_grid_is_what_rounding_to_nearest_gives():
    weights = torch.randn(7, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights[1] = weights[1].abs() + 1  # zero is outside of the range
    weights[2] = 0
    grid = IntegerGrid.of(weights, BITS)
    assert torch.equal(grid.nearest(weights), asymmetric_grouped(weights, BITS, 32))
    assert torch.equal(grid.nearest(weights[:, 3:4], slice(3, 4)), grid.nearest(weights)[:, 3:4])


def test_without_dependent_inputs_weights_go_to_the_nearest():
    weights = torch.randn(7, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = round_columns(weights, torch.eye(48).double(), lambda w, c: IntegerGrid.of(w, BITS), group=16)
    assert torch.equal(found, asymmetric_grouped(weights, BITS, 16).float())


def test_groups_hold_as_many_values_as_the_bits_give(calibration, groups, rounded):
    assert list(rounded) == list(calibration.layers.linears)
    for path, weights in rounded.items():
        of_group = weights.unflatten(1, (-1, groups[path])).flatten(0, 1)
        for row in of_group[::97]:
            assert len(row.unique()) <= 2**BITS


def test_outputs_err_less_than_with_weights_to_the_nearest(calibration, groups, activations, rounded):
    """Of other images than those that it looked at."""
    model = calibration.model
    batches = trajectory(model, initial_noise(6, 123), balanced_labels(6), 5).batches
    errors: dict[str, list[float]] = {path: [0.0, 0.0] for path in rounded}

    def see(path: str, x: torch.Tensor) -> None:
        if path not in rounded:
            return
        weight, y = calibration.layers.linears[path].weight, activations[path](x)
        for i, other in enumerate((rounded[path], asymmetric_grouped(weight, BITS, groups[path]))):
            errors[path][i] += float(((other - weight) @ y.flatten(0, -2).T).square().sum())

    with torch.no_grad(), watch_layers(model, see, lambda path, *operands: None):
        for batch in batches:
            model(*batch)
    assert all(ours < 0.9 * nearest for ours, nearest in errors.values())
    ours, nearest = (sum(each[i] for each in errors.values()) for i in (0, 1))
    assert ours < 0.5 * nearest


def test_errors_count_for_what_is_multiplied(calibration, groups):
    """Where nothing is, every weight goes to the nearest."""
    found = compensated_integers(calibration, BITS, groups, dict.fromkeys(groups, torch.zeros_like))
    for path, layer in calibration.layers.linears.items():
        nearest = asymmetric_grouped(layer.weight.detach().double(), BITS, groups[path])
        assert torch.equal(found[path], nearest.float())


def test_layers_in_parts_are_the_same(calibration, groups, activations, rounded, monkeypatch):
    passes = []
    monkeypatch.setattr(module, "call", lambda model, batch: passes.append(1) or model(*batch))
    monkeypatch.setattr(module, "_MOMENTS", 3 * 128**2)
    found = compensated_integers(calibration, BITS, groups, activations)
    assert len(passes) > 2 * len(calibration.batches)
    assert list(found) == list(rounded)
    assert all(torch.equal(found[path], rounded[path]) for path in rounded)


def test_models_are_left_as_they_were(calibration, rounded):
    fresh = load_model("digits-16")
    for path, layer in calibration.layers.linears.items():
        assert isinstance(layer, nn.Linear)
        assert torch.equal(layer.weight, fresh.get_submodule(path).weight)
