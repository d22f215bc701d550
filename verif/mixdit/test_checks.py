"""Claims about quality: all hold of good figures, each fails for the worse variant that it names."""

import dataclasses

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from mixdit.quality.checks import check_results, variants_of
from mixdit.quality.claim import Floor, Gain, Loss, Part, Passes, Share
from mixdit.quality.claims import BEST_PLAN, CANDIDATES, FRECHET_CLAIMS, NOISE_CLAIMS, WITHIN
from mixdit.quality.command import command
from mixdit.quality.evaluate import evaluate
from mixdit.quality.result import Result
from mixdit.quality.row import Row
from mixdit.quality.score import Score, decibel_score
from mixdit.rivals.variants import VARIANTS
from mixdit.tasks.processes import Processes

CLAIMS = (*NOISE_CLAIMS, *FRECHET_CLAIMS)

RECORDED = {
    # SQNR, PSNR of digits-16 at 300 images, Frechet distance at 1000; of float32 it is 1.49.
    "FP32": (np.inf, np.inf, 1.49),
    "W8A8 per tensor": (39.2, 41.9, 1.40),
    "W8A8 per token": (46.6, 55.2, 1.48),
    "HTG W8A8": (46.1, 56.4, 1.50),
    "ViDiT-Q W8A8": (52.1, 60.3, 1.49),
    "Q-DiT W8A8": (51.9, 62.7, 1.49),
    "W4A8 per tensor": (25.0, 29.6, 1.83),
    "W4A8 per token": (29.9, 35.1, 1.47),
    "HTG W4A8": (33.0, 36.9, 1.71),
    "ViDiT-Q W4A8": (33.7, 36.5, 1.76),
    "Q-DiT W4A8": (40.0, 44.7, 1.52),
    "ViDiT-Q-MP": (42.0, 42.7, 1.54),
    "MXINT8": (46.1, 54.8, 1.51),
    "MX9": (52.0, 59.3, 1.51),
    "W MX6, A MX9": (41.0, 45.1, 1.50),
    "mixed": (36.7, 43.0, 1.53),
    "mixed by sensitivity": (36.9, 42.5, 1.53),
    "mixed by exchange": (38.0, 43.0, 1.62),
    "mixed by timestep": (36.9, 43.2, 1.54),
    "mixed by both": (37.3, 42.8, 1.59),
    "mixed, threshold": (36.5, 42.4, 1.55),
    "mixed, no reordering": (34.5, 41.5, 1.64),
    "mixed at random": (33.6, 40.7, 1.69),
    "MX6": (33.4, 40.9, 1.73),
    "MX4/MX9": (26.0, 31.6, 2.37),
    "MX4/MX9 by both": (26.7, 31.2, 3.41),
    "W MX6, A MX4": (21.2, 26.7, 6.29),
    "MX4": (19.0, 24.3, 8.80),
    "W MX6, A MX9, compensated": (47.8, 53.1, 1.50),
    "mixed, compensated": (38.5, 46.9, 1.55),
    "mixed by exchange, compensated": (40.4, 48.3, 1.54),
    "mixed at random, compensated": (34.8, 43.8, 1.68),
    "MX6, compensated": (34.5, 43.7, 1.70),
    WITHIN: (39.8, 48.5, 1.55),
}
CLOTHES = {
    # The same of fashion-49 at 2000 images.
    "FP32": (np.inf, np.inf, 4.67),
    "W MX6, A MX9, compensated": (48.0, 47.9, 4.69),
    "mixed, compensated": (39.4, 43.5, 4.84),
    "mixed at random, compensated": (36.4, 39.3, 5.09),
    "MX6, compensated": (36.2, 38.9, 5.21),
    WITHIN: (40.4, 43.5, 4.91),
}
CHANCE = {"SQNR": (0.15, 0.1), "PSNR": (0.5, 0.4), "Frechet": (0.3, 0.015)}
"""Deviation over resamples that all variants share, and that of each alone."""


def recorded(model: str = "digits-16", wider: float = 1.0) -> dict[str, Result]:
    """The recorded figures as results, with made-up resamples; chance alone is ``wider`` than there."""
    shared = np.random.default_rng(0).normal(size=(3, 200))
    own = np.random.default_rng(1)
    blank = {field.name: "" if field.type in (str, "str") else 0.0 for field in dataclasses.fields(Row)}
    results = {}
    for name, values in (CLOTHES if model == "fashion-49" else RECORDED).items():
        scores = {}
        for value, common, (score, (together, alone)) in zip(values, shared, CHANCE.items(), strict=True):
            spread = together * common + wider * alone * own.normal(size=200)
            scores[score] = Score(value, value + spread)
        row = Row(**{**blank, "model": model, "variant": name, "sqnr_calibration_db": values[0] - 1})
        row.weight_bits = 6.0
        row.mx9_linear, row.mx9_attention = (None, None) if "MX" in name else (0.0, 0.0)
        if "mixed" in name or "/" in name:
            row.mx9_linear, row.mx9_attention = 0.049, 0.188
            row.passes = 1.066 if name == WITHIN else 1.10
        results[name] = Result(row, torch.empty(0), scores)
    if "W MX6, A MX9" in results:
        results["mixed, threshold"].row.mx9_linear = 0.061
        results["W MX6, A MX9"].row.mx9_linear = results["W MX6, A MX9"].row.mx9_attention = 1.0
    return results


def failed(results: dict[str, Result], claims=CLAIMS) -> list[str]:
    return [check.claim for check in check_results(list(results.values()), claims) if not check.holds]


def test_claims_hold_of_recorded_figures():
    checks = check_results(list(recorded().values()), CLAIMS)
    assert len(checks) == len([c for c in CLAIMS if not c.models or "digits-16" in c.models])
    assert failed(recorded()) == []
    assert failed(recorded("fashion-49")) == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.text())
def test_every_claim_fails_for_its_worse_variant(claim):
    """Put in the place of the variant that the claim is about, the worse one fails it."""
    assert claim.control != claim.variant
    assert claim.reason
    assert claim.names() <= {*VARIANTS, BEST_PLAN}
    results = recorded(claim.models[0] if claim.models else "digits-16")
    (check,) = check_results(list(results.values()), [claim])
    print(f"{check.claim}: {check.measured}; {check.control}: {check.control_measured}")
    assert check.control_fails
    measured, holds = claim.judge(results, claim.control)
    assert (measured, holds) == (check.control_measured, False)


def test_a_claim_that_a_worse_variant_bears_out_too_does_not_hold():
    claim = Gain(score="SQNR", variant="MX9", reference="MX6", least=1, control="mixed", reason="lax")
    (check,) = check_results(list(recorded().values()), [claim])
    assert (check.borne_out, check.control_fails, check.holds) == (True, False, False)


def test_chance_makes_claims_fail():
    """The same figures with intervals thirty times as wide bear out less, never more."""
    assert len(failed(recorded(wider=30))) > len(NOISE_CLAIMS) // 4
    claims = [claim for claim in CLAIMS if isinstance(claim, Gain | Floor | Loss | Part)]
    narrow, wide = (check_results(list(recorded(wider=wider).values()), claims) for wider in (0.1, 30.0))
    assert all(a.borne_out or not b.borne_out for a, b in zip(narrow, wide, strict=True))


@pytest.mark.parametrize(
    "claim",
    [
        Floor(score="SQNR", variant="mixed", least=36, control="MX6", reason="test"),
        Gain(score="SQNR", variant="mixed", reference="MX6", least=2.5, control="MX6", reason="test"),
        Part(
            score="SQNR",
            variant="mixed",
            start="MX6",
            end="W MX6, A MX9",
            least=0.38,
            control="MX6",
            reason="test",
        ),
        Loss(variant="mixed", reference="FP32", most=0.1, control="MX6", reason="test"),
    ],
    ids=lambda claim: type(claim).__name__,
)
def test_the_whole_interval_must_bear_a_claim_out(claim):
    """Not the figure alone, which chance may have put on the right side."""
    assert claim.judge(recorded(wider=0.5), "mixed")[1]
    assert not claim.judge(recorded(wider=5), "mixed")[1]


def test_a_frechet_loss_is_bounded_not_merely_uncertain():
    """An interval that holds 0 is no evidence of no loss."""
    claim = Loss(variant="mixed", reference="FP32", most=0.1, control="MX6", reason="test")
    results = recorded()
    for low, high, holds in ((-0.9, 1.2, False), (-0.02, 0.09, True), (0.003, 0.072, True)):
        loss = np.linspace(low, high, 200)
        scores = {"Frechet": Score(1.5, results["FP32"].scores["Frechet"].resampled + loss)}
        results["mixed"] = dataclasses.replace(results["mixed"], scores=scores)
        assert claim.judge(results, "mixed")[1] == holds


def test_the_best_plan_is_chosen_on_calibration_images():
    """That another one happens to be best on the images that judge it does not matter."""
    results = recorded()
    for name in CANDIDATES:
        results[name].row.sqnr_calibration_db = 30.0
    results["mixed by timestep"].row.sqnr_calibration_db = 31.0
    part = next(claim for claim in NOISE_CLAIMS if isinstance(claim, Part) and claim.variant == BEST_PLAN)
    (check,) = check_results(list(results.values()), [part])
    assert "best plan (mixed by timestep)" in check.claim
    assert check.measured.startswith("46%")
    assert not check.borne_out


def test_claims_of_one_model_are_not_made_for_others():
    claim = Share(
        variant="mixed", of="linear", most=0.05, control="mixed, threshold", reason="", models=("a",)
    )
    results = [*recorded("a").values(), *recorded("b").values()]
    assert [check.model for check in check_results(results, [claim])] == ["a"]


def test_a_model_gets_the_variants_of_its_claims():
    plan = Gain(score="SQNR", variant=BEST_PLAN, reference="MX6", least=1, control="MX4", reason="")
    of_one = dataclasses.replace(plan, variant="mixed", models=("fashion-49",))
    assert variants_of("digits-16", [plan, of_one]) == {*CANDIDATES, "MX6", "MX4"}
    assert variants_of("fashion-49", [of_one]) == {"mixed", "MX6", "MX4"}


def test_passes_that_were_not_counted_do_not_hold():
    claim = Passes(variant="MX6", most=1.07, control="mixed", reason="")
    results = recorded()
    results["MX6"].row.passes = None
    assert claim.judge(results, "MX6") == ("none", False)
    assert claim.judge(results, WITHIN) == ("1.0660", True)
    assert claim.judge(results, "mixed") == ("1.1000", False)


def test_a_share_that_was_not_counted_does_not_hold():
    claim = Share(variant="MXINT8", of="linear", most=0.05, control="mixed, threshold", reason="")
    assert claim.judge(recorded(), "MXINT8") == ("none", False)


@pytest.mark.parametrize(
    ("variant", "score", "change", "claim"),
    [
        ("MX9", "SQNR", -3, "MX9: SQNR >= 50 dB"),
        ("mixed", "SQNR", -2, "mixed: SQNR >= MX6 +2 dB"),
        ("mixed", "SQNR", -2, "mixed: SQNR >= mixed at random +1.5 dB"),
        ("mixed by exchange", "SQNR", -1, "best plan (mixed by exchange): 50% of the SQNR gap"),
        ("W MX6, A MX9, compensated", "SQNR", -2, "W MX6, A MX9, compensated: SQNR >= 47 dB"),
        ("MX9", "PSNR", -10, "MX9: PSNR >= MX6 +12 dB"),
        ("HTG W4A8", "SQNR", -3, "HTG W4A8: SQNR >= W4A8 per token +0.5 dB"),
        ("MX4/MX9", "SQNR", -3, "MX4/MX9: SQNR >= W MX6, A MX4 +2.5 dB"),
    ],
)
def test_checks_catch_a_method_that_lost_its_effect(variant, score, change, claim):
    results = recorded()
    scores = dict(results[variant].scores)
    scores[score] = Score(scores[score].value + change, scores[score].resampled + change)
    results[variant] = dataclasses.replace(results[variant], scores=scores)
    assert any(text.startswith(claim) for text in failed(results))


def test_differences_of_scores_are_paired():
    power, error = np.full(40, 100.0), np.random.default_rng(2).uniform(0.5, 2, 40)
    rows = np.random.default_rng(3).integers(40, size=(200, 40))
    a, b = decibel_score(power, error, rows), decibel_score(power, 2 * error, rows)
    assert a.value == pytest.approx(10 * np.log10(4000 / error.sum()))
    assert a.resampled[7] == pytest.approx(10 * np.log10(4000 / error[rows[7]].sum()))
    assert a.interval.high - a.interval.low > 0.5
    assert (a - b).value == pytest.approx(10 * np.log10(2))
    assert (a - b).interval.high - (a - b).interval.low == pytest.approx(0, abs=1e-9)
    exact = decibel_score(power, 0 * error, rows)
    assert exact.value == np.inf
    assert np.isnan(exact.interval.low)


@pytest.mark.parametrize(
    ("option", "claims", "images"), [("--check", NOISE_CLAIMS, 300), ("--check-frechet", CLAIMS, 1000)]
)
def test_the_command_ends_as_its_claims_do(option, claims, images, tmp_path, monkeypatch):
    results, asked = recorded(), {}

    def run(models, names, *rest):
        asked.update(models=models, names=names)
        return list(results.values())

    monkeypatch.setattr("mixdit.quality.command._run", run)
    app = typer.Typer()
    app.command()(command)
    arguments = [option, "--model", "digits-16", "-o", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert asked["models"] == {"digits-16": images}
    (names,) = asked["names"].values()
    assert {*names, BEST_PLAN} >= set().union(
        *(c.names() for c in claims if not c.models or "digits-16" in c.models)
    )
    made = len(check_results(list(results.values()), claims))
    assert result.stdout.count("holds") == result.stdout.count("fails") == made
    results["MX9"] = dataclasses.replace(results["MX9"], scores=results["MXINT8"].scores)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert f"of {made} claims do not hold" in result.stderr


@pytest.mark.engine
def test_claims_hold_of_a_quick_evaluation_and_fail_for_worse_variants():
    """All but rounding of weights for their error, which takes long."""
    claims = [claim for claim in NOISE_CLAIMS if not any("compensated" in name for name in claim.names())]
    names = [name for name, variant in VARIANTS.items() if variant.standard]
    with Processes(1) as executor:
        ((_, results),) = evaluate({"digits-16": 20}, 10, {"digits-16": names}, executor)
    for check in check_results(results, claims):
        print(f"{check.claim}: {check.measured}; {check.control}: {check.control_measured}")
        assert check.holds, check
