"""Metrics of image quality, against values that are known or computed another way."""

import numpy as np
import pytest
import scipy.linalg
import torch

from mixdit.quality.bootstrap import Interval, resamples
from mixdit.quality.frechet import FrechetReference, inception_score
from mixdit.quality.memory import times_smaller
from mixdit.quality.similarity import decibels, psnr, ssim
from mixdit.rivals.variants import VARIANTS


def test_frechet_distance_equals_its_formula():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(300, 6)), 1.5 * rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)) + 0.3
    ca, cb = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(ca @ cb).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * root)
    reference = FrechetReference.fit(a)
    assert reference.distance(b) == pytest.approx(expected, rel=1e-9)
    assert reference.distance(a) == pytest.approx(0, abs=1e-9)
    assert reference.distance(a + 2) == pytest.approx(6 * 4, rel=1e-9)
    stacked = reference.distance(np.stack([b[:100], b[100:]]))
    assert stacked == pytest.approx([float(reference.distance(b[:100])), float(reference.distance(b[100:]))])
    with pytest.raises(ValueError, match="at least 2 samples, not 1"):
        reference.distance(b[:1])


def test_inception_score_counts_classes():
    assert inception_score(np.eye(10)) == pytest.approx(10)
    assert inception_score(np.eye(10)[[3] * 5]) == pytest.approx(1)
    assert inception_score(np.full((7, 10), 0.1)) == pytest.approx(1)


def test_psnr():
    zero = torch.zeros(2, 1, 8, 8)
    assert psnr(zero + 0.02, zero) == pytest.approx(40)
    assert psnr(zero, zero) == float("inf")
    assert decibels(100, 1) == 20


def test_ssim():
    torch.manual_seed(0)
    x = torch.rand(4, 1, 8, 8) * 2 - 1
    assert ssim(x, x) == pytest.approx(1)
    assert ssim(-x, x) < 0.1
    noisy = [ssim(x + scale * torch.randn(x.shape), x) for scale in (0.05, 0.2, 0.8)]
    assert 1 > noisy[0] > noisy[1] > noisy[2]
    # One window, by the definition.
    a, b = x[:1, :, :7, :7].double() + 1, x[1:2, :, :7, :7].double() + 1
    c1, c2 = 0.02**2, 0.06**2
    covariance = torch.cov(torch.stack([a.flatten(), b.flatten()]))
    top = (2 * a.mean() * b.mean() + c1) * (2 * covariance[0, 1] + c2)
    bottom = (a.mean() ** 2 + b.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
    assert ssim(a - 1, b - 1) == pytest.approx((top / bottom).item())


@pytest.mark.parametrize(
    ("variant", "bits", "times"),
    [
        ("FP32", 32, 0.5),
        ("BF16", 16, 1),
        ("W4A8 per token", 4, 4),
        ("MX4", 4, 4),
        ("MX6", 6, 2.667),  # 16 elements of 5 bits, 8 bits of exponent, 8 microexponents: 96 bits
        ("mixed, compensated", 6, 2.667),
        ("W MX6, A MX9", 6, 2.667),
        ("MX9", 9, 1.778),
        ("MXINT8", 8.25, 1.939),  # 32 elements of 8 bits, 8 bits of exponent
        ("Q-DiT W4A8", 4.3125, 3.710),  # a scale of 16 bits and a zero of 4 for 64 weights
        ("ViDiT-Q-MP", 5, 3.2),
    ],
)
def test_memory_counts_the_scales_of_blocks_and_groups(variant, bits, times):
    assert VARIANTS[variant].description["weight_bits"] == bits
    assert times_smaller(bits) == pytest.approx(times, abs=5e-4)


def test_memory_takes_bits():
    for bits in (0, -1, float("nan")):
        with pytest.raises(ValueError, match=f"weight_bits must be positive, not {bits!r}"):
            times_smaller(bits)


def test_bootstrap_interval_is_that_of_the_mean():
    rng = np.random.default_rng(2)
    values = rng.normal(size=400)
    rows = resamples(400, 1000, seed=3)
    assert rows.shape == (1000, 400)
    interval = Interval.of(values[rows].mean(axis=1))
    assert interval.sd == pytest.approx(values.std() / 20, rel=0.1)
    assert interval.low < values.mean() < interval.high
    assert interval.high - interval.low == pytest.approx(3.92 * interval.sd, rel=0.1)
    assert np.array_equal(rows, resamples(400, 1000, seed=3))


def test_pairing_removes_what_both_sides_share():
    """Sets that differ by a constant differ by it in every resample, however much they scatter."""
    values = np.random.default_rng(4).normal(size=50)
    rows = resamples(50, 100)
    interval = Interval.of((values[rows] + 1).mean(axis=1) - values[rows].mean(axis=1))
    assert interval.low == pytest.approx(1)
    assert interval.sd == pytest.approx(0, abs=1e-12)
