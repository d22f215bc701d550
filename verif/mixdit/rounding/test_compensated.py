"""Rounding whose errors cancel."""

import numpy as np
import pytest
import torch

from golden import MX4, MX6, MX9, MXINT8, dequantize, quantize
from mixdit.rounding.compensated import compensated_rounding
from mixdit.rounding.moments import LayerMoments
from mixdit.tensors.quantize import fake_quantize

FORMATS = (MX4, MX6, MX9, MXINT8)


def inputs(channels, tokens=2000, seed=0):
    """Tokens whose channels depend on each other, float64 ``[tokens, channels]``."""
    generator = torch.Generator().manual_seed(seed)
    few = -(-channels // 4)
    common = torch.randn(tokens, few, generator=generator, dtype=torch.float64)
    mix = torch.randn(few, channels, generator=generator, dtype=torch.float64) / few**0.5
    own = torch.randn(tokens, channels, generator=generator, dtype=torch.float64)
    return (common @ mix + 0.2 * own) * torch.linspace(0.2, 3, channels)


def layer(channels, rows=40, seed=1):
    return torch.randn(rows, channels, generator=torch.Generator().manual_seed(seed)) * 0.1


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
@pytest.mark.parametrize("channels", [5, 16, 90, 200])
def test_output_errs_less(fmt, channels):
    """And what is made is its own quantization, to the bit."""
    x, w = inputs(channels), layer(channels)
    rounded = compensated_rounding(w, x.T @ x, fmt)
    assert rounded.dtype == torch.float32
    assert np.array_equal(dequantize(quantize(rounded.numpy(), fmt)), rounded.numpy())

    def error(weight):
        return (x @ (weight - w).double().T).square().mean()

    usual = error(fake_quantize(w, fmt))
    assert error(rounded) < usual * (0.9 if channels == 5 else 0.7)


def test_errors_that_do_not_spread_are_as_usual():
    """Of independent inputs nothing can be taken back."""
    w = layer(64)
    rounded = compensated_rounding(w, torch.eye(64, dtype=torch.float64), MX9)
    assert (rounded - w).abs().max() <= (fake_quantize(w, MX9) - w).abs().max()


def test_order_of_lazy_updates_changes_nothing(monkeypatch):
    """Errors reach far columns block by block, or several later: the same but for binary64's last bits."""
    x, w = inputs(200), layer(200)
    found = []
    for blocks in (1, 3, 100):
        monkeypatch.setattr("mixdit.rounding.compensated._LAZY", blocks)
        found.append(compensated_rounding(w, x.T @ x, MX6))
    assert all((other == found[0]).double().mean() > 0.999 for other in found[1:])


def test_inputs_that_are_always_zero():
    x = inputs(32)
    x[:, [3, 17]] = 0
    rounded = compensated_rounding(layer(32), x.T @ x, MX6)
    assert rounded.isfinite().all()
    assert compensated_rounding(layer(32), torch.zeros(32, 32), MX6).isfinite().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"second_moments": torch.eye(31)}, r"second_moments must be \[32, 32\], as weight has 32 channels"),
        ({"damping": 0}, "damping must be over 0 and below 1, not 0"),
        ({"damping": 1.5}, "damping must be over 0 and below 1, not 1.5"),
        ({"weight": torch.full((2, 32), torch.inf)}, "weight must be finite, but holds an infinity or a NaN"),
        ({"second_moments": torch.full((32, 32), torch.nan)}, "second_moments must be finite"),
    ],
)
def test_wrong_calls(change, message):
    given = {"weight": layer(32), "second_moments": torch.eye(32), "fmt": MX6, **change}
    with pytest.raises(ValueError, match=message):
        compensated_rounding(given.pop("weight"), given.pop("second_moments"), given.pop("fmt"), **given)


def test_moments_of_some_tokens_and_others():
    x = inputs(8)
    y = x.round()
    whole, parts = LayerMoments.empty(8), [LayerMoments.empty(8) for _ in range(2)]
    whole.update(x, y)
    for n, rows in enumerate(x.split(300)):
        parts[n % 2].update(rows, rows.round())
    covariance = torch.cov(torch.cat([x, y], 1).T, correction=0)
    for moments in (whole, parts[0] + parts[1]):
        mixed, own = moments.products(about_mean=True)
        torch.testing.assert_close(mixed, covariance[:8, 8:])
        torch.testing.assert_close(own, covariance[8:, 8:])
        mixed, own = moments.products(about_mean=False)
        torch.testing.assert_close(mixed, x.T @ y / len(x))
        torch.testing.assert_close(own, y.T @ y / len(x))


def test_an_input_that_is_not_finite():
    with pytest.raises(ValueError, match="an input is infinite or NaN"):
        LayerMoments.empty(2).update(torch.tensor([[1.0, torch.inf]]), torch.zeros(1, 2))
